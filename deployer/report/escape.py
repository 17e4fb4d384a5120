"""Text of other people's making that goes to a terminal or into Markdown must not be able to do anything there (promise 30)."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from deployer.plan.compare import Absent

_DIRECTIONS = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
_HARMLESS = frozenset("./,;-=%")


def visible(text: str) -> str:
    """One line without control characters: those, line ends and marks that turn the direction of writing become visible."""
    if text.isprintable() and not _DIRECTIONS.search(text):
        return text
    return "".join(
        json.dumps(char)[1:-1]
        if unicodedata.category(char) in ("Cc", "Cs", "Co", "Zl", "Zp") or _DIRECTIONS.match(char)
        else char
        for char in text
    )


def shown(value: Any, limit: int = 160) -> str:
    """A value on one line, at most `limit` characters."""
    if isinstance(value, Absent):
        return "(none)"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    text = visible(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def markdown(text: str) -> str:
    """Text that Markdown and HTML show as it is, and that names nobody and links nowhere (GitHub leaves code alone)."""
    escaped = _MARKUP.sub(lambda match: match[0] if match[0] in _HARMLESS else f"&#{ord(match[0])};", visible(text))
    return f"<code>{escaped}</code>" if escaped else ""
