"""Markup that cannot be broken out of.  In: tags, attributes and any text; out: HTML in which all text is escaped."""

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

# What HTML has no characters for, and what turns the direction of a line so that it reads as what it is not.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
VOID = ("br", "col", "meta")
LINES = ("body", "dd", "div", "figure", "h1", "h2", "h3", "h4", "head", "li", "meta", "ol", "p", "pre", "section",
         "style", "svg", "table", "tbody", "thead", "title", "tr", "ul")  # fmt: skip


class Markup(str):
    """Text that is HTML already; nothing but `element` and `join` makes it of text that others wrote."""

    __slots__ = ()


Content: TypeAlias = str | Markup | None


def element(tag: str, *children: Content, **attributes: str | int | bool | None) -> Markup:
    """An element; its children are escaped unless they are markup, and None is left out.

    Attributes are named as in HTML, `_` for `-`, with a `_` at the end where Python has the word (`class_`).
    """
    given = "".join(
        _attribute(name, value) for name, value in attributes.items() if value is not None and value is not False
    )
    end = "" if tag in VOID else f"{join(children)}</{tag}>"
    return Markup(f"<{tag}{given}>{end}" + ("\n" if tag in LINES else ""))


def join(children: Iterable[Content], between: str = "") -> Markup:
    """Children one after the other, and between them text."""
    return Markup(escape(between).join(escape(child) for child in children if child is not None))


def coded(text: str) -> Markup:
    """A sentence with names in backticks: the names as code."""
    parts = text.split("`")
    return join(element("code", part) if number % 2 else part for number, part in enumerate(parts))


def escape(text: str) -> Markup:
    """Text as HTML: markup stays as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(UNSEEN.sub("\ufffd", text.replace("\r\n", "\n"))))


def _attribute(name: str, value: str | int | bool | None) -> str:
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
