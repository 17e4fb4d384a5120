"""Jinja for a page of HTML in which no value can do anything (promise 30)."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from markupsafe import Markup, escape

from deployer.report.escape import visible


def inert(value: Any) -> Any:
    """A value as it stands in the page: HTML, control characters and commands to a CI service in it are shown, not done.

    The page may be printed by a terminal or in the log of a job too: there ``::error::`` and ``##[error]`` are commands.
    """
    if isinstance(value, Markup):
        return value
    text = escape("\n".join(visible(line) for line in str(value).replace("\r\n", "\n").split("\n")))
    return Markup(str(text).replace("::", "&#58;&#58;").replace("##[", "&#35;&#35;["))  # noqa: S704 - escaped in the line above


def read(name: str) -> str:
    """A file of the page's own, such as its styles."""
    return (resources.files(__package__) / "parts" / name).read_text("utf-8")


def digest(text: str) -> str:
    """The source expression of a Content-Security-Policy that allows this text alone."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class _Parts(BaseLoader):
    def get_source(self, environment: Environment, template: str) -> Any:
        try:
            return read(template), template, None
        except FileNotFoundError:
            raise TemplateNotFound(template) from None


def templates() -> Environment:
    """The templates of the page. Every value is escaped, and a name that is not there is an error."""
    return Environment(
        loader=_Parts(),
        autoescape=True,
        finalize=inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
