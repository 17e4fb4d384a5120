"""A stand-in for GitHub's program gh: comments and issues in a file, for the calls that the examples make and no others.

Run as a program; the variable GH_STATE names the file, and GH_TOKEN must be set.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any


def main(words: list[str]) -> int:
    """Do what is asked; print what gh would."""
    assert os.environ["GH_TOKEN"]
    file = Path(os.environ["GH_STATE"])
    state = json.loads(file.read_text("utf-8")) if file.exists() else {"comments": {}, "issues": {}, "labels": []}
    kind = {"api": api, "issue": issue, "label": label}[words[0]]
    kind(words[1:], state)
    file.write_text(json.dumps(state), "utf-8")
    return 0


def api(words: list[str], state: dict[str, Any]) -> None:
    """Comments of a pull request: listed with the filter that the example has, made, or written over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--field")
    parser.add_argument("--jq")
    asked = parser.parse_args(words)
    comments = state["comments"]
    if asked.method == "GET":
        begins = re.search(r'\.user\.type == "Bot" and \(\.body \| startswith\("(.*?)"\)\)\) \| \.id$', asked.jq)
        assert begins, asked.jq
        assert re.fullmatch("repos/o/r/issues/7/comments", asked.path)
        print(*(key for key, body in comments.items() if body.startswith(begins[1])), sep="\n")
        return
    name, _, source = asked.field.partition("=@")
    assert name == "body"
    if asked.method == "POST":
        assert re.fullmatch("repos/o/r/issues/7/comments", asked.path)
        key = str(len(comments) + 1)
    else:
        key = re.fullmatch(r"repos/o/r/issues/comments/(\d+)", asked.path)[1]  # type: ignore[index]
        assert asked.method == "PATCH"
        assert key in comments
    comments[key] = Path(source).read_text("utf-8")


def issue(words: list[str], state: dict[str, Any]) -> None:
    """Issues with a label: listed, opened, written over, closed."""
    assert os.environ["GH_REPO"] == "o/r"
    parser = argparse.ArgumentParser()
    parser.add_argument("verb")
    parser.add_argument("number", nargs="?")
    for option in ("label", "state", "limit", "json", "jq", "title", "body-file", "comment"):
        parser.add_argument(f"--{option}")
    asked = parser.parse_args(words)
    issues = state["issues"]
    if asked.verb == "list":
        assert (asked.state, asked.json, asked.jq) == ("open", "number", ".[].number")
        print(*(key for key, item in issues.items() if item["open"] and item["label"] == asked.label), sep="\n")
    elif asked.verb == "create":
        assert asked.label in state["labels"], "GitHub refuses a label that is not there"
        body = Path(asked.body_file).read_text("utf-8")
        issues[str(len(issues) + 1)] = {"open": True, "label": asked.label, "title": asked.title, "body": body}
    elif asked.verb == "edit":
        issues[asked.number]["body"] = Path(asked.body_file).read_text("utf-8")
    else:
        assert asked.verb == "close"
        issues[asked.number]["open"] = False


def label(words: list[str], state: dict[str, Any]) -> None:
    """A label that is made, or is there."""
    assert words[0] == "create"
    assert "--force" in words, "the second run would fail"
    state["labels"].append(words[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
