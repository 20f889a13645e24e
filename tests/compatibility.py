"""Whether readers of an old JSON Schema can read what a new one describes: all that the new one allows, the old did.

Objects are open: a field more breaks nobody, unless the old schema forbids it; nor does the answer to a new command.
"""

from collections.abc import Iterator
from typing import Any


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What readers of `old` would stumble over, one line each."""
    return list(_breaks(old, new, old, new, ""))


def _breaks(old: Any, new: Any, old_root: Any, new_root: Any, path: str) -> Iterator[str]:
    before, after = _alternatives(old, old_root), _alternatives(new, new_root)
    known, still = {_command(one) for one in before}, {_command(one) for one in after}
    yield from (f"the command {gone} is gone" for gone in known - still)
    for one in after:
        if _command(one) not in known:
            continue
        tried = [list(_simple(other, one, old_root, new_root, path)) for other in before]
        if all(tried):
            yield from min(tried, key=lambda problems: (_otherwise(problems), len(problems)))


def _command(schema: dict[str, Any]) -> str | None:
    """The command that an object answers to, if it does."""
    return schema.get("properties", {}).get("command", {}).get("const")


def _simple(old: dict[str, Any], new: dict[str, Any], old_root: Any, new_root: Any, path: str) -> Iterator[str]:
    values = [one.get("enum", [one["const"]] if "const" in one else None) for one in (old, new)]
    if values[0] is not None and not set(map(repr, values[1] or ["anything"])) <= set(map(repr, values[0])):
        yield f"{path or '/'}: may be {values[1] or 'anything'}, was {values[0]}"
    if "type" in old and new.get("type") != old["type"] and (new.get("type"), old["type"]) != ("integer", "number"):
        yield f"{path or '/'}: is {new.get('type', 'anything')}, was {old['type']}"
        return
    for bound, sign in (("minimum", 1), ("exclusiveMinimum", 1), ("maximum", -1), ("exclusiveMaximum", -1)):
        if bound in old and (bound not in new or sign * new[bound] < sign * old[bound]):
            yield f"{path or '/'}: {bound} is {new.get(bound)}, was {old[bound]}"
    mine, theirs = new.get("properties", {}), old.get("properties", {})
    for name in old.get("required", ()):
        if name not in new.get("required", ()):
            yield f"{path}/{name}: is not always there"
    for name in sorted(mine.keys() & theirs.keys()):
        yield from _breaks(theirs[name], mine[name], old_root, new_root, f"{path}/{name}")
    if old.get("additionalProperties") is False:
        yield from (f"{path}/{name}: was forbidden" for name in sorted(mine.keys() - theirs.keys()))
    for inner in ("items", "additionalProperties"):
        if isinstance(old.get(inner), dict):
            yield from _breaks(old[inner], new.get(inner, {}), old_root, new_root, f"{path}/*")


def _alternatives(schema: Any, root: Any) -> list[dict[str, Any]]:
    """A schema without references, as the list of what it allows."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return [one for each in schema["anyOf"] for one in _alternatives(each, root)] if "anyOf" in schema else [schema]


def _otherwise(problems: list[str]) -> bool:
    """Whether it is another kind of thing altogether."""
    return any(": is " in one and "was" in one for one in problems)
