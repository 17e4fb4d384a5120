"""Which analytics a change of files touches: their own folder, and whatever they are made of."""

from __future__ import annotations

from collections.abc import Iterable

from deployer.catalogue.sources import pipelines_called
from deployer.model.analytic import Analytic, Repository
from deployer.render.environment import used
from deployer.render.templating import Templates, templates_of

MESSAGES = tuple(f"messages/{name}.txt.j2" for name in ("alert", "document", "subject", "total", "workflow"))
"""The templates of all messages."""

TOOL = tuple(f"deployer/{name}/" for name in ("catalogue", "check", "model", "render", "replay", "schemas"))
"""What of this tool decides an outcome, where it lies in the repository: it is a part of every analytic."""


def touched(repository: Repository, files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The analytics that some of `files` touch (paths below the root, also of files that are gone), each with those files.

    An environment is a part of every analytic: it may tune any of them. So is this tool, and its schemas. A file that nothing reads touches none.
    """
    changed = sorted(set(files))
    templates = templates_of(repository.templates)
    found = {
        name: tuple(file for file in changed if file.startswith(f"{analytic.folder}/") or file in needs)
        for name, analytic in repository.analytics.items()
        for needs in [_needs(repository, analytic, templates)]
    }
    of_all = [file for file in changed if file.startswith("environments/") and file.endswith(".yml")]
    of_all += [file for file in changed if file.startswith(TOOL)]
    found = {name: tuple(sorted({*own, *of_all})) for name, own in found.items()}
    return {name: own for name, own in found.items() if own}


def _needs(repository: Repository, analytic: Analytic, templates: Templates) -> set[str]:
    """The files outside of its folder that an analytic and its samples are made of, whether they exist or not."""
    named = used(analytic)
    named |= {event.source for case in repository.cases.get(analytic.id, ()) for event in case.events}
    sources = [repository.sources[name] for name in named if name in repository.sources]
    needs = {"mappings/entities.yml", *(source.where.file for source in sources)}
    needs |= {f"mappings/components/{name}.yml" for source in sources for name in source.components}
    pipelines = _pipelines(repository, {source.pipeline for source in sources if source.pipeline})
    needs |= {f"mappings/pipelines/{name}.yml" for name in pipelines}
    shapes = {f"monitors/{spec.template}.json.j2" for spec in analytic.monitors.values()}
    shapes |= {"workflows/composite.json.j2"} if analytic.workflows else set()
    needs |= {f"templates/{name}" for name in templates.reached({*shapes, *MESSAGES})}
    return needs


def _pipelines(repository: Repository, names: set[str]) -> set[str]:
    """The pipelines, and those that they call."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += pipelines_called(repository.pipelines.get(name, {}))
    return found
