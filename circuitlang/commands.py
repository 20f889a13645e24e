"""What the commands do: choose by name, walk the pipeline, keep the results.  In: a program and options; out: text."""

import difflib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from circuitlang import pipeline, weights
from circuitlang.core.network import Checkpoint, Compiled, TransformerShape
from circuitlang.core.program import Program
from circuitlang.diagnostics import CODES, Diagnostic, Refusal, Source, nearest, one_of
from circuitlang.diagnostics import explain as explain_code
from circuitlang.diagnostics.writing import make_folder
from circuitlang.weights import Choice


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command says: text for stdout, diagnostics for stderr, and whether everything came out as it should."""

    text: str
    diagnostics: tuple[Diagnostic, ...] = ()
    good: bool = True
    askable: bool = True


def emit(program: Program) -> str:
    """The core program as text."""
    from circuitlang.core.printer import print_program

    return print_program(program)


def summarise(program: Program) -> str:
    """What a program declares, counted."""
    counts = {
        "model": len(program.models),
        "network": len(program.networks),
        "alignment": len(program.alignments),
        "data set": len(program.data),
        "circuit": len(program.circuits),
        "claim": len(program.claims),
    }
    return ", ".join(f"{count} {what}{'s' if count != 1 else ''}" for what, count in counts.items() if count)


def reformat(source: Source) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The canonical text of a file."""
    from circuitlang.syntax import format_source

    return format_source(source)


def difference(source: Source, text: str) -> str:
    """What reformatting would change, as a unified diff."""
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, source.path, source.path))


def explain(code: str) -> str:
    """The page of a code; E593 where there is none."""
    if code.upper() not in CODES:
        raise unknown("code", code, CODES)
    return explain_code(code)


def compile_to_tracr(program: Program, choice: Choice, run: Path | None = None, names: Sequence[str] = ()) -> Outcome:
    """Compile networks, keep their weights, and say where every node lives and what it is worth."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.compiled import compiled_text
    from circuitlang.reports.record import write_record
    from circuitlang.reports.remembering import fresh_record

    compiled = [network.name for network in program.networks if isinstance(network.origin, Compiled)]
    networks, texts = chosen("compiled network", names, compiled, "network Exact = tracr(MODEL)"), []
    for name, folder in own_folders(program, choice, run, networks).items():
        made = pipeline.compile_to_tracr(program, name)
        make_folder(folder)
        save_network(made.network, folder / weights.FILE, {"network": name})
        write_record(folder, fresh_record(program, name, choice.seed, network_hash(made.network)))
        texts.append(compiled_text(name, made, weights.data_of(program, name), folder))
    return Outcome("\n".join(texts))


def compile_to_siit(program: Program, choice: Choice, names: Sequence[str] = ()) -> Outcome:
    """The training specs, as JSON: one object, or a list of several."""
    specs = [pipeline.specify(program, name, choice.seed) for name in trained(program, names)]
    texts = [spec.model_dump_json(indent=2) for spec in specs]
    return Outcome((texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]") + "\n")


def train(program: Program, choice: Choice, run: Path | None = None, names: Sequence[str] = ()) -> Outcome:
    """Train networks and keep each in its run folder; good if their claims hold."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.record import write_record
    from circuitlang.reports.remembering import fresh_record
    from circuitlang.reports.trained import training_json, training_text
    from circuitlang.training.outcome import unfinished
    from circuitlang.training.progress import tracker

    networks, texts, diagnostics, good = trained(program, names), [], [], True
    specs = {name: pipeline.specify(program, name, choice.seed) for name in networks}
    for name, folder in own_folders(program, choice, run, networks).items():
        make_folder(folder)  # now, not after an hour of training
        spec = specs[name]
        made = pipeline.train(program, spec, choice, tracker())
        sha256, course = network_hash(made.network), training_json(spec, made)
        save_network(made.network, folder / weights.FILE, {"network": name, "seed": spec.seed})
        write_record(folder, fresh_record(program, name, choice.seed, sha256, course))
        texts.append(training_text(name, made, folder))
        good = good and made.reached
        diagnostics += [] if made.reached else [unfinished(spec, made)]
    return Outcome("".join(texts), tuple(diagnostics), good)


def verify(
    program: Program,
    choice: Choice,
    run: Path | None = None,
    names: Sequence[str] = (),
    files: Sequence[str] = (),
) -> Outcome:
    """Decide claims, and remember the verdicts in the run folders of the networks they are about.

    Verdicts that cannot be remembered are told all the same, and the reason after them.
    """
    from circuitlang.reports.remembering import remember
    from circuitlang.reports.text import verdict_table

    known = [claim.name for claim in program.claims]
    claims = chosen("claim", names, known, "claim works : accuracy(NETWORK, MODEL) >= 0.99 on DATA")
    networks = dict.fromkeys(name for claim in claims for name in program.networks_of(program.claim(claim)))
    choice = replace(choice, files=weight_files(program, files))
    ours = [name for name in networks if name not in choice.files]
    choice = replace(choice, folders=given_folder(program, run, ours))
    report = pipeline.verify(program, choice, claims, options=shown_options(files, run))
    try:
        remember(program, report, ours, lambda name: weights.folder_of(program, name, choice), choice.seed)
    except Refusal as refusal:
        told = (*report.diagnostics, *refusal.diagnostics)
        return Outcome(verdict_table(report), told, report.as_expected, askable=False)
    return Outcome(verdict_table(report), report.diagnostics, report.as_expected, report.askable)


def render(
    program: Program,
    choice: Choice,
    run: Path | None = None,
    alignment: str | None = None,
    out: Path | None = None,
    formats: Iterable[str] | None = None,
) -> Outcome:
    """Draw an alignment: DOT text always, the formats asked for, else SVG where Graphviz is. Says what was written."""
    from circuitlang.diagnostics.writing import write_file
    from circuitlang.reports.dot import to_dot, to_mermaid
    from circuitlang.reports.drawing import can_draw, draw

    names = [one.name for one in program.alignments]
    if alignment is not None and alignment not in names:
        raise unknown("alignment", alignment, names)
    if not program.models:
        raise Refusal(Diagnostic("E594", "there is no causal model to draw", helps=("declare one: model NAME(...)",)))
    alignment = alignment or preferred(program)
    if alignment is not None:
        choice = replace(choice, folders=given_folder(program, run, [program.alignment(alignment).network]))
    diagram = pipeline.render(program, alignment, choice)
    stem = out or Path(Path(program.source.path).stem)
    dot, written = to_dot(diagram), [stem.with_name(f"{stem.name}.dot")]
    write_file(written[0], dot)
    for name in dict.fromkeys(formats if formats is not None else ["svg"] if can_draw() else ["mermaid"]):
        if name == "mermaid":
            written.append(stem.with_name(f"{stem.name}.mmd"))
            write_file(written[-1], to_mermaid(diagram))
        elif name != "dot":
            written.append(stem.with_name(f"{stem.name}.{name}"))
            draw(dot, written[-1])
    return Outcome("".join(f"{path}\n" for path in written))


def preferred(program: Program) -> str | None:
    """The alignment to draw if none is named: the first to a network that is trained, else the first to one that Tracr
    compiles; None where there is no alignment to a transformer.
    """
    for derived in (False, True):
        for one in program.alignments:
            network = program.network(one.network)
            origin = network.origin
            tracr = isinstance(origin, Compiled) and origin.backend == "tracr"
            if one.derived == derived and (isinstance(network.shape, TransformerShape) or tracr):
                return one.name
    return None


def chosen(what: str, names: Sequence[str], known: list[str], example: str) -> list[str]:
    """The named things, or all of them; E593 for a name there is none of, E594 where there are none at all."""
    if not known:
        raise Refusal(Diagnostic("E594", f"the program declares no {what}", helps=(f"declare one: {example}",)))
    for name in names:
        if name not in known:
            raise unknown(what, name, known)
    return list(dict.fromkeys(names)) or known


def unknown(what: str, name: str | None, known: Iterable[str]) -> Refusal:
    """E593, with the names that are close."""
    everything = list(known)
    close = nearest(name or "", everything)
    help_text = f"did you mean {one_of(close)}?" if close else f"there is {one_of(everything[:8])}"
    return Refusal(Diagnostic("E593", f"there is no {what} `{name}`", helps=(help_text,)))


def trained(program: Program, names: Sequence[str]) -> list[str]:
    """The named networks that have a `train` block, or all of them."""
    known = [train.network for train in program.trains]
    return chosen("`train` block", names, known, "train NETWORK by siit(ALIGNMENT) on DATA")


def own_folders(program: Program, choice: Choice, run: Path | None, names: list[str]) -> dict[str, Path]:
    """A folder for every network that is to be made; `run` is for one network only."""
    if run is not None and len(names) > 1:
        raise several(run, names)
    return {name: run or weights.folder_of(program, name, choice) for name in names}


def given_folder(program: Program, run: Path | None, names: list[str]) -> dict[str, Path]:
    """The network that `--run` means: the one that the folder's record names, else the only one that was trained."""
    from circuitlang.reports.record import read_record

    if run is None or not names:
        return {}
    record = read_record(run)
    if record is not None and record.network in names:
        return {record.network: run}
    kept = [name for name in names if not isinstance(program.network(name).origin, Compiled | Checkpoint)] or names
    if len(kept) > 1:
        raise several(run, kept)
    return {kept[0]: run}


def several(run: Path, names: list[str]) -> Refusal:
    """E593: one run folder for several networks."""
    message = f"`--run {run}` is the folder of one network, and {one_of(names, 'and')} are {len(names)}"
    return Refusal(Diagnostic("E593", message, helps=("name one of them with `--network`, or leave `--run` out",)))


def weight_files(program: Program, given: Iterable[str]) -> dict[str, Path]:
    """What `--network NAME=FILE` says."""
    names = [network.name for network in program.networks]
    files = {}
    for one in given:
        name, _, file = one.partition("=")
        if name not in names:
            raise unknown("network", name, names)
        if not file:
            raise Refusal(Diagnostic("E593", f"`--network {one}` names no file", helps=(f"--network {name}=FILE",)))
        files[name] = Path(file)
    return files


def shown_options(files: Iterable[str], run: Path | None) -> str:
    """The options that repeat a verdict, as they are typed."""
    return shlex.join([*(part for one in files for part in ("--network", one)), *(("--run", str(run)) if run else ())])
