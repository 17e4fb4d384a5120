"""A test report as a file: which analytics passed, at which commit, and what each was made of. Deploys compare it with what they send.

What an analytic is made of is one digest an environment: of the rendered bodies of its monitors and workflows, and of the
templates and pipelines that they need. So a tunable, a template, a mapping or a pipeline that is another one shows.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer.model.errors import RefusedError
from deployer.model.resource import Kind, Resource
from deployer.plan.canonical import canonical, digest
from deployer.plan.formed import typed
from deployer.plan.sealed import BrokenError, opened, parsed, sealed
from deployer.plan.selection import EVERYTHING, Selection, with_dependencies

FORMAT = 1
KIND = "test-report"
AGAIN = "Run `deployer test --report FILE` again at the commit that is deployed, and give that file."


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an analytic fared. `content` has a digest of what it is made of for each environment (`contents`).

    The rest are counts, as in `model.tested`: `failures` are monitors that did not alert as the samples say, `findings`
    what they do not prove, `proven` of its `tunables` were measured to change an outcome.
    """

    analytic: str
    passed: bool
    cases: int
    events: int
    checks: int
    failures: int
    findings: int
    tunables: int
    proven: int
    content: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A test report. `commit` is git's, empty if it could not say; `dirty` if files differed from it. `at` is ISO 8601 in UTC."""

    tool: str
    commit: str
    dirty: bool
    at: str
    who: str
    job: str
    analytics: tuple[Verdict, ...]
    digest: str = ""
    signature: str = ""

    def of(self, analytic: str) -> Verdict | None:
        """How an analytic fared; None if it was not tested."""
        return next((one for one in self.analytics if one.analytic == analytic), None)


def contents(resources: Sequence[Resource], selection: Selection = EVERYTHING) -> dict[str, str]:
    """What each analytic is made of, as a digest; only those of which something is selected. Channels count for nothing."""
    by_key = {resource.key: resource for resource in resources if resource.kind is not Kind.CHANNEL}
    own: dict[str, list[str]] = {}
    for resource in by_key.values():
        if resource.analytic is not None:
            own.setdefault(resource.analytic, []).append(resource.key)
    digests = {key: digest(resource.body) for key, resource in by_key.items()}
    found = {}
    for analytic, keys in own.items():
        reached = with_dependencies(keys, by_key)
        if any(selection.covers(key) for key in reached):
            found[analytic] = digest([[key, digests[key]] for key in sorted(reached)])
    return found


def dump(evidence: Evidence, key: str | None = None) -> bytes:
    """The file's bytes, signed if there is a key."""
    body = _body(evidence)
    return sealed(body, **({"signature": sign(body, key)} if key else {}))


def sign(body: Mapping[str, Any], key: str) -> str:
    """HMAC-SHA-256 of a report's content, in hex."""
    return hmac.new(key.encode("utf-8"), canonical(body), "sha256").hexdigest()


def load(data: bytes, name: str) -> tuple[Evidence, dict[str, Any]]:
    """The report that a file's bytes hold, and its whole value. RefusedError for a file that is none, or was changed."""
    try:
        value = parsed(data)
    except BrokenError:
        raise _changed(name, "it is no JSON of a test report") from None
    return of_value(value, name, data), value


def of_value(value: Mapping[str, Any], name: str, data: bytes | None = None) -> Evidence:
    """The same for a report that stands in another file; its digest is computed anew."""
    if (value.get("format_version"), value.get("kind")) != (FORMAT, KIND):
        raise RefusedError(
            f"{name} is no test report that this version of the tool knows",
            why=f"it has kind {str(value.get('kind'))[:20]} and format {str(value.get('format_version'))[:20]}",
            todo=AGAIN,
        )
    try:
        body = opened(value, data, "signature")
        found = Evidence(
            **{part: body[part] for part in ("tool", "commit", "dirty", "at", "who", "job")},
            analytics=tuple(Verdict(**{**one, "content": one["content"]}) for one in body["analytics"]),
            digest=str(value["digest"]),
            signature=str(value.get("signature", "")),
        )
        typed(found)
        return found
    except BrokenError as error:
        raise _changed(name, str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _changed(name, "it has not the form of a test report") from None


def refusals(
    evidence: Evidence, name: str, *, environment: str, commit: str, made_of: Mapping[str, str], tool: str
) -> list[RefusedError]:
    """What of a report does not speak for a deploy of these analytics (`contents`) at a commit; empty if it does."""
    found = []
    if evidence.tool != tool:
        found.append(_refused(f"{name} was made by another version of this tool", f"by {evidence.tool}; this is {tool}"))
    if evidence.commit != commit:
        of = f"of {evidence.commit[:12]}" if evidence.commit else "of no commit: git could not say which"
        found.append(_refused(f"{name} is of another commit", f"it is {of}; what is deployed is {commit[:12]}"))
    elif evidence.dirty:
        found.append(_refused(f"{name} was made from files that were not committed", f"they differed from {commit[:12]}"))
    for analytic, made in made_of.items():
        tested = evidence.of(analytic)
        if tested is None:
            known = ", ".join(one.analytic for one in evidence.analytics) or "none"
            found.append(_refused(f"{analytic} is not in {name}", f"it tested {known[:300]}"))
        elif not tested.passed or tested.failures or tested.findings:
            why = f"{tested.failures} of its {tested.checks} checks failed, and its samples have {tested.findings} findings"
            found.append(_refused(f"{analytic} did not pass its tests", why, f"Mend it. `deployer test {analytic}` tells more. {AGAIN}"))  # fmt: skip
        elif tested.content.get(environment) != made:
            why = (
                "it, or a template, mapping or pipeline that it needs, or a value of the environment, was another then"
                if environment in tested.content
                else f"{environment} could not be rendered then"
            )
            found.append(_refused(f"{analytic} is not what was tested for {environment}", why))
    return found


def unsigned(evidence: Evidence, value: Mapping[str, Any], name: str, key: str) -> RefusedError | None:
    """The refusal of a report that does not bear the signature of this key; None if it does."""
    body = {part: inner for part, inner in value.items() if part not in ("digest", "signature")}
    if not evidence.signature:
        return _refused(f"{name} is not signed", "the environment names a key (test_report.key)", SIGN)
    if not hmac.compare_digest(sign(body, key).encode(), str(evidence.signature).encode("utf-8", "replace")):
        return _refused(f"{name} is signed with another key", "its signature is not that of the environment's key", SIGN)
    return None


SIGN = "Make it with `deployer test --report FILE --report-key REFERENCE`, with the key that the environment names."


def _refused(what: str, why: str, todo: str = AGAIN) -> RefusedError:
    return RefusedError(what, why=why, todo=todo)


def _changed(name: str, why: str) -> RefusedError:
    return _refused(f"{name} is not a test report as it was written", why, f"Never edit it. {AGAIN}")


def _body(evidence: Evidence) -> dict[str, Any]:
    plain = dataclasses.asdict(evidence)
    rest = {name: value for name, value in plain.items() if name not in ("digest", "signature")}
    return {"format_version": FORMAT, "kind": KIND, **rest, "analytics": list(plain["analytics"])}
