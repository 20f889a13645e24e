"""What the commands do: choose by name, walk the pipeline, keep the results.  In: a program and options; out: text."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from circuitlang import pipeline
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import CODES, Diagnostic, Refusal, Source, nearest, one_of
from circuitlang.diagnostics import explain as explain_code
from circuitlang.pipeline import Choice


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


def compile_to_tracr(program: Program, choice: Choice, names: Iterable[str] = ()) -> Outcome:
    """Compile networks, keep their weights, and say where every node lives and what it is worth."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.compiled import compiled_text
    from circuitlang.reports.record import write_record

    compiled = [network.name for network in program.networks if isinstance(network.origin, Compiled)]
    texts = []
    for name in chosen("compiled network", names, compiled, "network Exact = tracr(MODEL)"):
        made, folder = pipeline.compile_to_tracr(program, name), pipeline.folder_of(program, name, choice)
        texts.append(compiled_text(name, made, pipeline.data_of(program, name), folder))
        folder.mkdir(parents=True, exist_ok=True)
        save_network(made.network, folder / "network.safetensors", {"network": name})
        write_record(folder, record_of(program, name, choice, network_hash(made.network)))
    return Outcome("\n".join(texts))


def compile_to_siit(program: Program, choice: Choice, names: Iterable[str] = ()) -> Outcome:
    """The training specs, as JSON: one object, or a list of several."""
    trains = [train.network for train in program.trains]
    specs = [pipeline.specify(program, name, choice.seed) for name in _trained(names, trains)]
    texts = [spec.model_dump_json(indent=2) for spec in specs]
    return Outcome((texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]") + "\n")


def train(program: Program, choice: Choice, names: Iterable[str] = ()) -> Outcome:
    """Train networks and keep each in its run folder; good if their claims hold."""
    from circuitlang.networks.artefacts import network_hash, save_network
    from circuitlang.reports.record import write_record
    from circuitlang.reports.trained import training_json, training_text
    from circuitlang.training.outcome import unfinished
    from circuitlang.training.progress import tracker

    texts, diagnostics, good = [], [], True
    for name in _trained(names, [train.network for train in program.trains]):
        spec, folder = pipeline.specify(program, name, choice.seed), pipeline.folder_of(program, name, choice)
        trained = pipeline.train(program, spec, choice, tracker())
        folder.mkdir(parents=True, exist_ok=True)
        save_network(trained.network, folder / "network.safetensors", {"network": name, "seed": spec.seed})
        record = record_of(program, name, choice, network_hash(trained.network))
        write_record(folder, record.model_copy(update={"training": training_json(spec, trained)}))
        texts.append(training_text(name, trained, folder))
        good = good and trained.reached
        diagnostics += [] if trained.reached else [unfinished(spec, trained)]
    return Outcome("".join(texts), tuple(diagnostics), good)


def verify(program: Program, choice: Choice, names: Iterable[str] = ()) -> Outcome:
    """Decide claims, and remember the verdicts in the run folders of the networks they are about."""
    from circuitlang.reports.text import verdict_table

    claims = chosen(
        "claim", names, [claim.name for claim in program.claims], "accuracy(NETWORK, MODEL) >= 0.99 on DATA"
    )
    report = pipeline.verify(program, choice, claims, options=shown_options(choice))
    remember(program, choice, report)
    return Outcome(verdict_table(report), report.diagnostics, report.as_expected, report.askable)


def render(
    program: Program, choice: Choice, alignment: str | None, out: Path | None, formats: Iterable[str] | None
) -> Outcome:
    """Draw an alignment: DOT text always, the formats asked for, else SVG where Graphviz is. Says what was written."""
    from circuitlang.diagnostics.writing import write_file
    from circuitlang.reports.dot import to_dot, to_mermaid
    from circuitlang.reports.drawing import FORMATS, can_draw, draw

    names = [one.name for one in program.alignments]
    if alignment is not None and alignment not in names:
        raise unknown("alignment", alignment, names)
    if not program.models:
        raise Refusal(Diagnostic("E594", "there is no causal model to draw", helps=("declare one: model NAME(...)",)))
    for name in formats or ():
        if name not in (*FORMATS, "dot", "mermaid"):
            raise unknown("format", name, (*FORMATS, "dot", "mermaid"))
    diagram = pipeline.render(program, alignment or preferred(program), choice)
    stem = out or Path(Path(program.source.path).stem)
    dot, written = to_dot(diagram), [stem.with_name(f"{stem.name}.dot")]
    write_file(written[0], dot)
    wanted = dict.fromkeys(formats if formats is not None else ["svg"] if can_draw() else ["mermaid"])
    for name in wanted:
        if name == "mermaid":
            written.append(stem.with_name(f"{stem.name}.mmd"))
            write_file(written[-1], to_mermaid(diagram))
        elif name != "dot":
            written.append(stem.with_name(f"{stem.name}.{name}"))
            draw(dot, written[-1])
    return Outcome("".join(f"{path}\n" for path in written))


def preferred(program: Program) -> str | None:
    """The alignment to draw if none is named: the first to a trained network, else the first."""
    written = [one for one in program.alignments if not one.derived]
    return next((one.name for one in (*written, *program.alignments)), None)


def chosen(what: str, names: Iterable[str], known: list[str], example: str) -> list[str]:
    """The named things, or all of them; E593 for a name there is none of, E594 where there are none at all."""
    if not known:
        raise Refusal(Diagnostic("E594", f"the program declares no {what}", helps=(f"declare one: {example}",)))
    for name in names:
        if name not in known:
            raise unknown(what, name, known)
    return list(names) or known


def unknown(what: str, name: str | None, known: Iterable[str]) -> Refusal:
    """E593, with the names that are close."""
    everything = list(known)
    close = nearest(name or "", everything)
    help_text = f"did you mean {one_of(close)}?" if close else f"there is {one_of(everything[:8])}"
    return Refusal(Diagnostic("E593", f"there is no {what} `{name}`", helps=(help_text,)))


def record_of(program: Program, name: str, choice: Choice, network_sha256: str):
    """A fresh record of a network."""
    from circuitlang.reports.folders import run_key
    from circuitlang.reports.record import RunRecord, sha256
    from circuitlang.verification.verdict import versions

    train = program.training(name)
    return RunRecord(
        program=program.source.path,
        text=program.source.text,
        text_sha256=sha256(program.source.text),
        network=name,
        network_sha256=network_sha256,
        key=run_key(program, name, choice.seed),
        seed=choice.seed if choice.seed is not None else train.seed if train else 0,
        versions=versions(),
    )


def remember(program: Program, choice: Choice, report) -> None:
    """Write every verdict into the record of each network it is about, but for networks given as files."""
    from circuitlang.reports.record import read_record, write_record

    about: dict[str, list] = {}
    for verdict in report.verdicts:
        for measured in verdict.measurements:
            about.setdefault(measured.network, []).append(verdict)
    for name, verdicts in about.items():
        if name in (choice.files or {}):
            continue
        folder = pipeline.folder_of(program, name, choice)
        sha = verdicts[0].measurements[0].network_sha256
        record = read_record(folder) or record_of(program, name, choice, sha)
        shown = {verdict.claim for verdict in verdicts}
        kept = [one for one in record.verdicts if one["claim"] not in shown and record.network_sha256 == sha]
        told = [one.to_json() for one in dict.fromkeys(verdicts)]
        write_record(folder, record.model_copy(update={"verdicts": [*kept, *told], "network_sha256": sha}))


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


def shown_options(choice: Choice) -> str:
    """The options that repeat a verdict, as they are typed."""
    files = [f"--network {name}={path}" for name, path in (choice.files or {}).items()]
    return " ".join([*files, *([f"--run {choice.run}"] if choice.run else [])])


def _trained(names: Iterable[str], known: list[str]) -> list[str]:
    return chosen("`train` block", names, known, "train NETWORK by siit(ALIGNMENT) on DATA")
