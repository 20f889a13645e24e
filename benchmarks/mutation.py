"""Do the claims notice one wrong weight?  Every non-zero weight of a compiled network is negated, then set to zero.

A mutant is `refuted` by a claim of the file, or `equivalent`: it gives the answers of the original on every input, with
every aligned node interchanged and with every unaligned part resampled, so that no claim on answers could tell it; or
it `survives`, which is a hole in the claims. Run: `OMP_NUM_THREADS=1 python benchmarks/mutation.py [FILE.circ]`.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch

from circuitlang.core.claim import Claim
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Source
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.material import Material, Sample
from circuitlang.measurement.strictness import part_masks, unaligned
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.hooks import all_hooks
from circuitlang.networks.transformer import Transformer
from circuitlang.pipeline import check
from circuitlang.simulation.pairs import Pairs
from circuitlang.verification import Instrumented, verify_claims
from circuitlang.weights import Choice, data_of, obtain

EXAMPLE = Path(__file__).parent.parent / "examples" / "frac_prevs.circ"
SCREEN = 1_000  # inputs or pairs that most mutants are refuted on
ROUNDING = 1e-5  # numbers that are no further apart are one answer
CHANGES = {"flipped": -1.0, "zeroed": 0.0}
# Why a change that reaches this hook, and none after it, gets no further.
ENDS = {
    "embed": "nothing reads it",
    "hook_q": "no score changes",
    "hook_k": "no score changes",
    "hook_v": "is attended with weight 0",
    "scores": "the softmax rounds it away",
    "pattern": "averages equal values",
    "hook_z": "nothing reads it",
    "attn_out": "nothing reads it",
    "hook_pre": "the ReLU cuts it off",
    "hook_post": "nothing reads it",
    "mlp_out": "nothing reads it",
    "nothing": "multiplies zeros",
}


@dataclass(frozen=True, slots=True)
class Weight:
    """One number of a network."""

    name: str
    index: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(map(str, self.index))}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One changed weight and what came of it; `why` is the claim that refutes it, or where the change ends.

    `difference` is the largest one between an output and that of the original, None where a claim refutes the mutant.
    """

    weight: Weight
    change: str
    verdict: Literal["refuted", "equivalent", "survives"]
    metric: str | None = None
    difference: float | None = None
    why: str


@dataclass(frozen=True)
class Trial:
    """A compiled network of a program, the claims about it alone, and how many inputs or pairs may decide them."""

    program: Program
    name: str
    original: Instrumented
    claims: tuple[Claim, ...]
    samples: int

    def weights(self) -> list[Weight]:
        """Every weight that is not zero."""
        return [
            Weight(name, tuple(index))
            for name, parameter in self.original.network.named_parameters()
            for index in parameter.nonzero().tolist()
        ]

    def mutate(self, weight: Weight, change: str) -> Mutant:
        """Change one weight, and ask the claims; if none refutes, compare with the original."""
        network = deepcopy(self.original.network)
        with torch.no_grad():
            dict(network.named_parameters())[weight.name][weight.index] *= CHANGES[change]
        mutated = replace(self.original, network=network, sha256=network_hash(network))
        refuted = self.refutation(mutated)
        if refuted is not None:
            return Mutant(weight=weight, change=change, verdict="refuted", metric=refuted[1], why=refuted[0])
        same, difference = self.compare(mutated)
        verdict = "equivalent" if same else "survives"
        return Mutant(weight=weight, change=change, verdict=verdict, difference=difference, why=self.end(network, same))

    def refutation(self, mutated: Instrumented) -> tuple[str, str] | None:
        """The first claim that comes out refuted, and its metric; a few inputs are tried before all of them."""
        for samples in (min(SCREEN, self.samples), self.samples):
            for claim in self.claims:
                asked = replace(claim, samples=samples)
                for verdict in verify_claims(self.program, [asked], {self.name: mutated}).verdicts:
                    if verdict.status == "refuted" and verdict.measured is not None:
                        return claim.name, verdict.measured.metric
        return None

    def compare(self, mutated: Instrumented) -> tuple[bool, float]:
        """Whether all answers are those of the original, and how far an output is from it at most."""
        bench = self.bench(mutated)
        same, difference = True, 0.0
        for own, known in zip(outputs(bench, self.pairs), self.known, strict=True):
            difference = max(difference, float((own - known).abs().nan_to_num(torch.inf).max()))
            numerical = bench.subject.network.config.head == "numerical"
            same = same and (difference <= ROUNDING if numerical else bool((own.argmax(-1) == known.argmax(-1)).all()))
        return same, difference

    def end(self, network: Transformer, same: bool) -> str:
        """How far the change gets without an intervention: the last thing computed that differs, streams aside."""
        bench, hooks = self.bench(self.original), all_hooks(network.config)
        with torch.inference_mode():
            runs = [one.record(bench.tokens, hooks) for one in (self.original.network, network)]
        (outputs_before, before), (outputs_after, after) = runs
        if bool((outputs_before != outputs_after)[torch.as_tensor(bench.answers.counted)].any()):
            return "the outputs: no answer changes" if same else "the outputs: answers change"
        hook, at_bos = "nothing", False
        for one in hooks:
            differs = (before[one] != after[one]).movedim(2 if one.endswith(("scores", "pattern")) else 1, 0)
            if "resid" not in one and bool(differs.any()):
                hook, at_bos = one, not bool(differs[1:].any())
        if at_bos:
            return f"{hook} at BOS: no answer is asked there, no other token looks"
        return f"{hook}: {next(why for ending, why in ENDS.items() if hook.endswith(ending))}"

    def bench(self, instrumented: Instrumented) -> Bench:
        """A network and its alignment on the inputs that mutants are compared on."""
        data = data_of(self.program, self.name)
        alignment = next(one for one in self.program.alignments if one.network == self.name)
        subject = instrumented.subject(self.program, data, alignment.model, alignment.name, "cpu", None)
        return Bench(subject, self.sample.batch)

    @cached_property
    def sample(self) -> Sample:
        """The pairs that mutants are compared on, and their inputs: all there are, if these are few enough."""
        assert self.original.model is not None
        data = data_of(self.program, self.name)
        return Material(purpose="mutation").pairs(data, self.original.model, "all", self.samples, self.samples)

    @property
    def pairs(self) -> Pairs:
        """The pairs alone."""
        assert self.sample.pairs is not None
        return self.sample.pairs

    @cached_property
    def known(self) -> list[torch.Tensor]:
        """The outputs of the original."""
        return list(outputs(self.bench(self.original), self.pairs))


def outputs(bench: Bench, pairs: Pairs) -> Iterator[torch.Tensor]:
    """Outputs where an answer is asked, `[answer d_out]`: on every input, then on chunks of pairs for every node that
    is interchanged and every part that no node is aligned to.
    """
    counted = torch.as_tensor(bench.answers.counted)
    for rows, logits in bench.logits():
        yield logits[counted[rows]]
    assert bench.subject.alignment is not None
    parts = unaligned(bench)
    for chunk in bench.chunks(pairs):
        asked = counted[chunk.pairs.base]
        for node in bench.subject.alignment.nodes:
            sites = bench.subject.sites((node,))
            logits = bench.patched(chunk, bench.masks(sites, chunk.pairs.base), bench.moved(chunk, sites))
            yield logits[asked]
        for part in parts:
            yield bench.patched(chunk, part_masks(bench, part, chunk.pairs.base))[asked]


def trial_of(path: Path, samples: int) -> Trial:
    """The first compiled network of a file, with the claims about it, those on accuracy first."""
    program = check(Source(str(path), path.read_text())).program
    assert program is not None, f"{path} has mistakes: circuitc check {path}"
    name = next(one.name for one in program.networks if isinstance(one.origin, Compiled))
    claims = [one for one in program.claims if program.networks_of(one) == (name,) and one.expect == "holds"]
    claims.sort(key=lambda claim: "accuracy" not in claim.text)
    trial = Trial(program, name, obtain(program, name, Choice()), tuple(claims), samples)
    assert trial.refutation(trial.original) is None, "a claim refutes the network as it was compiled"
    return trial


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path, nargs="?", default=EXAMPLE)
    options.add_argument("--samples", type=int, default=1 << 20, help="most inputs or pairs that decide a claim")
    options.add_argument("--weights", type=int, help="only so many of the weights, drawn at random")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    trial = trial_of(chosen.file, chosen.samples)
    weights = trial.weights()
    picked = weights
    if chosen.weights is not None and chosen.weights < len(weights):
        picked = [weights[i] for i in sorted(random.Random(0).sample(range(len(weights)), chosen.weights))]
    extent = "all" if trial.sample.exact else "a sample of"
    compared = f"{extent} {trial.sample.batch.size:,} inputs and {extent} {len(trial.pairs):,} pairs"
    write(f"{chosen.file.name}: {len(picked)} of {len(weights)} non-zero weights; equivalent means on {compared}")
    write(f"{'change':8}  {'weight':27}  {'verdict':10}  {'by':10}  {'difference':10}  claim, or where the change ends")
    for change in CHANGES:
        mutants = []
        for weight in picked:
            mutants.append(trial.mutate(weight, change))
            write(row(mutants[-1]))
        write(summary(change, mutants) + "\n")


def row(mutant: Mutant) -> str:
    shown = "" if mutant.difference is None else f"{mutant.difference:.3g}"
    by = mutant.metric or ""
    return f"{mutant.change:8}  {mutant.weight!s:27}  {mutant.verdict:10}  {by:10}  {shown:10}  {mutant.why}"


def summary(change: str, mutants: list[Mutant]) -> str:
    by_accuracy = sum(one.metric == "accuracy" for one in mutants)
    by_others = sum(one.verdict == "refuted" for one in mutants) - by_accuracy
    same = [one for one in mutants if one.verdict == "equivalent"]
    exactly = sum(one.difference == 0 for one in same)
    return (
        f"{len(mutants)} weights {change}: {by_accuracy} refuted by accuracy, {by_others} refuted only by iia, "
        f"{len(same)} equivalent ({exactly} with identical outputs), "
        f"{sum(one.verdict == 'survives' for one in mutants)} survive"
    )


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
