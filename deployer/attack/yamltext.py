"""Texts of other people's making as YAML that says exactly the same, and can say nothing else."""

from __future__ import annotations

import json
import re
import textwrap

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*(?: [A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*)*")
_DURATION = re.compile(r"[0-9]{1,7}[smhd]")
_OTHER = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_HIDDEN = re.compile(r"[^\x20-\x7e]")
WIDTH = 110


def harmless(text: str) -> str:
    """The text with its double braces apart: the server would read them as a template."""
    return re.sub(r"\{(?=\{)|\}(?=\})", r"\g<0> ", text)


def scalar(text: str) -> str:
    """One line, for a value or a key: plain where that is safe in any place, else in double quotes."""
    if _DURATION.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text) and text.casefold() not in _OTHER and len(text) <= 200:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda found: found[0] if found[0].isprintable() else _escaped(found[0]), quoted)


def block(key: str, text: str, indent: int) -> list[str]:
    """``key: text`` on lines of their own, `indent` blanks deep: short ones on one line, long ones folded, paragraphs literal."""
    pad = " " * indent
    flat = f"{pad}{key}: {scalar(text)}"
    if not text.replace("\n", "").isprintable() or (len(flat) <= WIDTH and "\n" not in text):
        return [flat]
    if "\n" not in text:
        lines = textwrap.wrap(text, WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
        if " ".join(lines) != text or text.startswith(" "):
            return [flat]
        return [f"{pad}{key}: >-", *(f"{pad}  {line}" for line in lines)]
    lines = text.split("\n")
    if any(line != line.rstrip() for line in lines) or not lines[0] or lines[0].startswith(" ") or not lines[-1]:
        return [flat]
    return [f"{pad}{key}: |-", *(f"{pad}  {line}" if line else "" for line in lines)]


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
