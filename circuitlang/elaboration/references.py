"""Data where it is used.  In: `Edits.Reverse.test` after `on`; out: a DataRef whose tasks and splits exist."""

from circuitlang.core.data import Data
from circuitlang.core.network import DataRef
from circuitlang.diagnostics import nearest, one_of
from circuitlang.elaboration.context import Context
from circuitlang.syntax import tree


def read_data_ref(ctx: Context, written: tree.Dataset) -> DataRef | None:
    """A data set, one of its tasks (if it serves several models), one of its splits; None, told, if there is none."""
    data: Data | None = ctx.resolve(written.name, "data")
    if data is None:
        return None
    tasks = data.models if len(data.models) > 1 else ()
    fields: list[str] = []
    for field in written.fields:
        splits = () if data.train is None else ("train", "test")
        open_tasks = () if fields else tasks
        open_splits = () if any(one in splits for one in fields) else splits
        if field.text not in (*open_tasks, *open_splits):
            return _tell_field(ctx, field, data, tasks, splits)
        fields.append(field.text)
    return DataRef(data.name, tuple(fields))


def task_of(reference: DataRef | None, data: Data) -> str | None:
    """The model that a reference picks out of several, if it does."""
    return next((name for name in reference.fields if name in data.models), None) if reference else None


def _tell_field(ctx: Context, field: tree.Name, data: Data, tasks: tuple[str, ...], splits: tuple[str, ...]) -> None:
    known = (*tasks, *splits)
    close = nearest(field.text, known)
    if field.text in ("train", "test") and not splits:
        share = "train = 0.8" if field.text == "train" else "test = 0.2"
        note, help = f"`{data.name}` sets neither `train` nor `test`", f"add a split to `{data.name}`: {share}"
    elif not known:
        note, help = f"`{data.name}` has neither splits nor tasks", f"write: on {data.name}"
    else:
        note = f"the parts of `{data.name}` are {one_of(known, 'and')}; a task stands before a split"
        help = f"did you mean {one_of(close)}?" if close else f"write, for example: on {data.name}.{known[-1]}"
    ctx.refuse(
        "E258",
        f"`{data.name}` has no part `{field.text}`",
        field.span,
        "not a split or task",
        see=ctx.declaration(data.name),
        note=note,
        help=help,
    )
