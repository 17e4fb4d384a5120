"""What stands in a draft where somebody has yet to write something."""

from __future__ import annotations

from typing import Any

TODO = "TODO"
"""A text that begins so is to be replaced. Only drafts are searched for it."""


def is_open(value: Any) -> bool:
    """Whether a value is a text that is to be replaced."""
    return isinstance(value, str) and value.startswith(TODO)
