"""In which order actions are carried out: what is needed first, deletes last and the other way round (promise 25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployer.plan import Action, Verb

Wave = tuple[Action, ...]


def waves(actions: Sequence[Action]) -> list[Wave]:
    """Actions in groups; those of a group do not depend on each other."""
    by_key = {action.key: action for action in actions}
    groups: dict[tuple[int, int, int], list[Action]] = {}
    for action in actions:
        depth = _depth(action, by_key, ())
        stage = action.kind.stage
        place = (1, -stage, -depth) if action.verb is Verb.DELETE else (0, stage, depth)
        groups.setdefault(place, []).append(action)
    return [tuple(groups[place]) for place in sorted(groups)]


def needs(action: Action, actions: Sequence[Action]) -> list[str]:
    """The keys whose actions must have been applied before this one may be.

    For a delete these are the objects that use it, be it deleted too or changed so that they do not use it any more.
    """
    if action.verb is not Verb.DELETE:
        return list(action.depends_on)
    return [
        other.key
        for other in actions
        if other.key != action.key and other.entry is not None and action.key in other.entry.depends_on
    ]


def _depth(action: Action, by_key: Mapping[str, Action], above: tuple[str, ...]) -> int:
    """How many objects of the same kind must come before this one."""
    depths = [
        1 + _depth(by_key[key], by_key, (*above, action.key))
        for key in action.depends_on
        if key in by_key and key not in above and key != action.key and by_key[key].kind is action.kind
    ]
    return max(depths, default=0)
