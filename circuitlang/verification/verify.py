"""Decide the claims of a program.  In: claims and the networks they are about; out: a report, a verdict for each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from circuitlang.core.claim import Claim, Statement
from circuitlang.core.program import Program
from circuitlang.diagnostics import Refusal
from circuitlang.measurement.material import Material
from circuitlang.measurement.tally import KEPT
from circuitlang.verification.deciding import measure_statement
from circuitlang.verification.instrumented import Instrumented
from circuitlang.verification.laboratory import Laboratory
from circuitlang.verification.verdict import Judged, Report, Verdict


def verify_claims(
    program: Program,
    claims: Iterable[Claim],
    networks: Mapping[str, Instrumented],
    *,
    seed: int = 0,
    device: str = "cpu",
    options: str = "",
    progress: Callable[[Verdict], None] | None = None,
) -> Report:
    """Decide every statement of these claims.

    A claim is decided on all inputs, or all pairs of them, where there are at most 2^20 (and, if a sample would do,
    where that takes about a minute at most), and on fresh independent ones elsewhere; the intervals of one claim hold
    together at its confidence.  A claim that cannot be asked is undecided, and its verdict carries the refusal.

    Args:
        program: The program the claims are from.
        claims: Which of its claims to decide.
        networks: Every network that they are about, by name; a missing one is a KeyError.
        seed: Decides what is sampled; training must use another purpose, see `material.PURPOSE`.
        device: Where the networks are.
        options: What a command line needs beside file, claim and seed to repeat this, such as `--run DIR`.
        progress: Called with every verdict when it is there.
    """
    lab = Laboratory(program=program, networks=dict(networks), device=device, material=Material(seed=seed))
    return decide(lab, claims, options, progress)


def decide(
    lab: Laboratory,
    claims: Iterable[Claim],
    options: str = "",
    progress: Callable[[Verdict], None] | None = None,
) -> Report:
    """Decide these claims as `verify_claims` does, in a laboratory that keeps what it has made for later ones."""
    program, seed = lab.program, lab.material.seed
    verdicts: list[Verdict] = []
    for claim in claims:
        command = _command(program, claim, seed, options)
        for statement in claim.statements:
            verdict = measure_statement(lab, claim, statement, program_sha256=program.source.sha256, command=command)
            verdicts.append(verdict)
            if progress is not None:
                progress(verdict)
    names = dict.fromkeys(one.network for verdict in verdicts for one in verdict.measurements)
    judged = (Judged(name, lab.networks[name].origin, lab.networks[name].sha256) for name in names)
    return Report(tuple(verdicts), tuple(judged))


@dataclass(frozen=True, kw_only=True)
class StopTest:
    """Whether claims hold of a network that is being trained; what training stops by.

    Each call looks at a few inputs and pairs first, at more if those agree, and decides as `verify_claims` does only
    then. Inputs are drawn once for all calls, and never those that a verdict is later based on.
    """

    program: Program
    claims: tuple[Claim, ...]
    seed: int = 0
    device: str = "cpu"
    screens: tuple[int, ...] = (512, 8_192)
    materials: tuple[Material, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        stages = range(len(self.screens) + 1)
        materials = tuple(Material(seed=self.seed, purpose=f"stopping {stage}") for stage in stages)
        object.__setattr__(self, "materials", materials)

    def __call__(self, networks: Mapping[str, Instrumented]) -> bool:
        """Whether every claim holds of these networks.

        Raises:
            Refusal: where a claim cannot be asked.
        """
        for screening, material in zip((*self.screens, None), self.materials, strict=True):
            lab = self._lab(networks, screening, material)
            if not all(_holds(lab, claim, statement) for claim in self.claims for statement in claim.statements):
                return False
        return True

    def failed(self, networks: Mapping[str, Instrumented]) -> tuple[Verdict, ...]:
        """What does not hold of these networks, with several counterexamples; none if everything does.

        Found on a sample where that is enough, so the numbers are estimates there. What cannot be asked is among them.
        """
        for screening, material in list(zip((*self.screens, None), self.materials, strict=True))[-2:]:
            lab = self._lab(networks, screening, material, shown=KEPT)
            verdicts = [measure_statement(lab, claim, one) for claim in self.claims for one in claim.statements]
            found = tuple(verdict for verdict in verdicts if not verdict.as_expected)
            if found:
                return found
        return ()

    def _lab(
        self, networks: Mapping[str, Instrumented], screening: int | None, material: Material, shown: int = 1
    ) -> Laboratory:
        return Laboratory(
            program=self.program,
            networks=dict(networks),
            device=self.device,
            screening=screening,
            material=material,
            shown=shown,
        )


def _holds(lab: Laboratory, claim: Claim, statement: Statement) -> bool:
    verdict = measure_statement(lab, claim, statement)
    if not verdict.askable:
        raise Refusal(*verdict.diagnostics)
    return verdict.as_expected


def _command(program: Program, claim: Claim, seed: int, options: str) -> str:
    parts = ["circuitc verify", program.source.typed, f"--claim {claim.name}", options]
    parts += [f"--seed {seed}"] if seed else []
    parts += ["--allow-extern"] if program.called_externs else []
    return " ".join(part for part in parts if part)
