"""Index patterns that no known log source writes to (DAC026, offline)."""

from __future__ import annotations

from functools import lru_cache

from deployer.check.fire.subject import Subject
from deployer.model.finding import Findings, near


def check_indices(subject: Subject, findings: Findings) -> None:
    """Each pattern can match the streams of some log source of the repository, or is one that the environment names."""
    known = [subject.target.naming.pattern(source.dataset) for source in subject.repository.sources.values()]
    if subject.environment:
        known += [override.index for override in subject.environment.sources.values() if override.index]
    named = [part for name in subject.indices for part in name.split(",")]
    for name in named:
        bare = name.strip().rpartition(":")[2]
        if (
            not bare
            or bare.startswith(("-", "<"))
            or any(meet(bare, other) for item in known for other in item.split(","))
        ):
            continue
        findings.add(
            "DAC026",
            f"{subject.key}: no log source writes to '{name}', so the search reads nothing",
            subject.in_template(name) or subject.spec.where,
            near(bare, known) if known else "",
        )


@lru_cache(10_000)
def meet(one: str, other: str) -> bool:
    """Whether some name fits both patterns, whose only wildcard is `*`."""
    if not one or not other:
        return set(one + other) <= {"*"}
    if one[0] == "*":
        return meet(one[1:], other) or meet(one, other[1:])
    if other[0] == "*":
        return meet(one, other[1:]) or meet(one[1:], other)
    return one[0] == other[0] and meet(one[1:], other[1:])
