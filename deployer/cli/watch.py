"""`deployer watch`."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployer.cli import clusters, common, completing, wishes
from deployer.cli.test import cleaning_up
from deployer.model.errors import DeployerError, UsageError
from deployer.model.finding import Findings

if TYPE_CHECKING:
    from deployer.catalogue.rereading import Rereader
    from deployer.model.analytic import Analytic
    from deployer.model.finding import Finding
    from deployer.model.tested import AnalyticResult
    from deployer.replay import Rehearsal


@click.command(epilog="Example: deployer watch AN0904")
@common.root_option
@common.stage_option
@clusters.cluster_option
@click.argument("path", required=False, metavar="[PATH]", shell_complete=completing.analytics)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of the results; json is a line an object.",
)
def watch(root: Path | None, environment: str, cluster: str | None, path: str | None, output: str) -> int:
    """Check, render and test an analytic anew at each save, until Ctrl-C (exit code 130).

    PATH is the id of an analytic, or a folder or file of detections/; those are tested at once. Without it all are
    watched, and each is tested when a file of its own is saved; a mapping, template or environment tests again what was
    tested before.

    The throw-away indices stay for as long as this runs, and are removed at the end. Of what was saved only what it
    changes is read, sent and run: a second test of an analytic takes less than a second. A mapping or a pipeline sets
    them up anew.
    """
    from deployer.catalogue.repository import check_folders
    from deployer.catalogue.rereading import Rereader
    from deployer.catalogue.saves import saves

    folder = common.find_root(root)
    check_folders(folder)
    told = saves(folder)  # from here on, so that what is saved during the first test is not missed
    reader = Rereader(folder)
    reader.read()
    below = _below(folder, path, reader)
    client = _client(reader, environment, cluster)
    with cleaning_up(), ExitStack() as stack:
        watching = _Watching(reader, client, below, output, stack)
        chosen = watching.chosen()
        if path is not None:
            watching.look(chosen, (), time.time())
        what = path or common.counts((len(chosen), "analytic", ""))
        common.note(f"watching {what}; save a file to test it, Ctrl-C ends")
        for files in told:
            watching.saved(files)
    return 0


def _client(reader: Rereader, environment: str, cluster: str | None) -> Any:
    """A connection to the environment's cluster. An environment that is not valid is refused, whatever else is wrong."""
    from deployer.catalogue import environment_names

    if environment not in environment_names(reader.root):
        raise UsageError(common.unknown("environment", environment, environment_names(reader.root)))
    findings = Findings(root=str(reader.root))
    for loaded in reader.environments(findings):
        if loaded.name == environment:
            return common.connect(loaded, cluster)
    findings.raise_errors()
    raise UsageError(f"environments/{environment}.yml holds another environment", todo="Name it as its file is named.")


def _below(root: Path, path: str | None, reader: Rereader) -> str:
    """The folder below the root that is watched. UsageError for one that has no detection."""
    if path is None:
        return "detections"
    by_id = {part.analytic.id: name for name, part in reader.parts.items() if part.analytic is not None}
    if path in by_id:
        return by_id[path]
    for given in (Path(path), root / path):
        folder = given.resolve()
        folder = folder.parent if folder.is_file() else folder
        if folder.is_dir() and folder.is_relative_to(root.resolve()):
            name = folder.relative_to(root.resolve()).as_posix()
            if any(f"{known}/".startswith(f"{name}/") for known in reader.parts):
                return name
    raise UsageError(
        common.unknown("analytic", path, by_id), todo="Give an id, or a folder below detections/ with an analytic.yml."
    )


@dataclass
class _Watching:
    """What is kept between saves: what was read, the connection, and the stage of each analytic that was tested."""

    reader: Rereader
    client: Any
    below: str
    output: str
    stack: ExitStack
    stages: dict[str, Rehearsal] = field(default_factory=dict)

    def chosen(self) -> list[str]:
        """The folders of the analytics that are watched."""
        return [name for name in self.reader.parts if f"{name}/".startswith(f"{self.below}/")]

    def saved(self, files: Collection[str]) -> None:
        """Look at what these files touch."""
        began = self._when(files)
        try:
            self.reader.read(files)
        except DeployerError as error:
            common.show_error(error)
            return
        wrong = Findings([*self.reader.wrong], str(self.reader.root))
        if wrong.errors:
            self._show("mappings and templates", None, wrong.sorted(), began, files)
        else:
            self.look([name for name in self.chosen() if self._touches(name, files)], files, began)

    def look(self, folders: Collection[str], files: Collection[str], began: float) -> None:
        """Check and test the analytics of these folders; `began` is when the first of `files` was saved."""
        for name in folders:
            try:
                self._show(*self._tested(name), began, files)
            except DeployerError as error:
                common.show_error(error)
            began = time.time()

    def _tested(self, name: str) -> tuple[str, AnalyticResult | None, list[Finding]]:
        """What the analytic of a folder is called, what its test gave, and what is wrong with its files."""
        from deployer.check.drafts import unfinished
        from deployer.check.validate import check_loaded
        from deployer.replay import Rehearsal

        findings, analytic = self.reader.findings(name), self.reader.parts[name].analytic
        environments = self.reader.environments(findings)
        if analytic is None:
            return name, None, findings.sorted()
        repository = self.reader.repository(name)
        check_loaded(repository, environments, findings)
        if findings.errors:
            return analytic.id, None, findings.sorted()
        draft = unfinished(analytic, repository)
        if draft is not None:
            return analytic.id, draft, findings.sorted()
        if name not in self.stages:
            common.note(f"{analytic.id}: setting up its throw-away indices")
            self.stages[name] = self.stack.enter_context(Rehearsal(self.client))
        return analytic.id, self.stages[name].run(repository, analytic, environments), findings.sorted()

    def _show(
        self,
        name: str,
        result: AnalyticResult | None,
        findings: list[Finding],
        began: float,
        files: Collection[str],
    ) -> None:
        from deployer.report import moment

        seconds = max(0.0, time.time() - began)
        if self.output == "json":
            common.result(json.dumps(moment.moment_json(name, result, findings, seconds, files)))
            return
        text = moment.moment_text(name, result, findings, seconds, common.source_lines(self.reader.root))
        if wishes.coloured():
            word = moment.moment_word(result)
            text = text.replace(word, click.style(word, fg="green" if word == "ok" else "red"), 1)
        common.result(f"{time.strftime('%H:%M:%S')}  {text}")

    def _touches(self, name: str, files: Collection[str]) -> bool:
        """Whether a save concerns an analytic: by a file of its own, or one that it is made of if it was tested before."""
        from deployer.check.touched import touched

        if any(file.startswith(f"{name}/") for file in files):
            return True
        analytic: Analytic | None = self.reader.parts[name].analytic
        if analytic is None or (name not in self.stages and self.below == "detections"):
            return False
        return bool(touched(self.reader.repository(name), files))

    def _when(self, files: Collection[str]) -> float:
        """When the first of these files was saved (seconds of the clock); now, if they are gone."""
        return min(self._times(files), default=time.time())

    def _times(self, files: Collection[str]) -> Iterator[float]:
        for name in files:
            try:
                yield (self.reader.root / name).stat().st_mtime
            except OSError:
                continue


COMMAND = watch
