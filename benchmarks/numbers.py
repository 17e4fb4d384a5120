"""Lists of numbers as options: ``--monitors 50,200,900``."""

from __future__ import annotations

from typing import Any

import click


class Numbers(click.ParamType):
    """Positive whole numbers with commas between."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """The numbers of a text."""
        if isinstance(value, tuple):
            return value
        try:
            found = tuple(int(part) for part in str(value).split(","))
        except ValueError:
            found = ()
        if not found or min(found) < 1:
            self.fail(f"{value!r} is no list of positive whole numbers such as 50,200", param, ctx)
        return found


NUMBERS = Numbers()
