"""Mutable elements as typed tunables: names that are no identifiers, and types guessed by words."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.attack.elements import TypedElement, typed
from deployer.catalogue import tunables
from deployer.catalogue.yamlfile import Document
from deployer.model.analytic import Tunable
from deployer.model.attack import MutableElement
from deployer.model.errors import Location
from deployer.model.finding import Findings


def one(name: str, description: str = "What it is for.") -> TypedElement:
    """An element alone."""
    (found,) = typed([MutableElement(name, description)])
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TimeWindow", "TimeWindow"),
        ("user_context", "user_context"),
        ("IP Address", "IPAddress"),
        ("AllowedSigning/HashList", "AllowedSigningHashList"),
        (".forwardPath", "forwardPath"),
        ("launchd.plist_label", "launchdPlist_label"),
        ("nodeSelector|nodeName", "nodeSelectorNodeName"),
        ("4624Codes", "Tunable4624Codes"),
        ("_hidden", "hidden"),
        ("Größe", "Groe"),
        ("日本", "Tunable"),
        ("x" * 90, "x" * 64),
    ],
)
def test_a_name_that_is_no_identifier_becomes_one(name: str, expected: str) -> None:
    """What may be a tunable's name stays; else its words are put together."""
    assert expected == one(name).name


def test_names_that_become_the_same_are_kept_apart() -> None:
    """Also where the number would make them too long."""
    found = typed(MutableElement(name, "") for name in ("IP Address", "IP/Address", "IPAddress", "y" * 64, "y" * 70))

    assert ["IPAddress", "IPAddress2", "IPAddress3", "y" * 64, "y" * 63 + "2"] == [item.name for item in found]


@pytest.mark.parametrize(
    ("name", "description", "kind", "default"),
    [
        ("TimeWindow", "Ties two steps together.", "duration", "10m"),
        ("TimeWindow", "Within 30 minutes, or 2 hours.", "duration", "30m"),
        ("CorrelationWindow", "Such as 90 sec.", "duration", "90s"),
        ("BaselineAge", "Text.", "strings", []),
        ("RetentionPeriod", "After 30 days.", "duration", "30d"),
        ("BusinessHours", "When people work.", "time_windows", {"timezone": "UTC", "windows": []}),
        ("ExpectedAdminAccessWindow", "Maintenance windows.", "time_windows", {"timezone": "UTC", "windows": []}),
        ("ExecutionFrequencyThreshold", "Unusual number.", "integer", 1),
        ("BurstCount", "More than 25 of them from 10.0.0.1 or CVE-2024-1.", "integer", 25),
        ("EntropyThreshold", "Above 0.7.", "integer", 1),
        ("TimeWindowThreshold", "Events.", "integer", 1),
        ("PrivilegedUserCheck", "Only others.", "boolean", False),
        ("CommandPatternList", "Commands.", "patterns", []),
        ("ShellCommandWatchlist", "Commands.", "patterns", []),
        ("UserContext", "Accounts.", "strings", []),
    ],
)  # fmt: skip
def test_the_type_is_guessed_by_words(name: str, description: str, kind: str, default: Any) -> None:
    """And the default is what changes nothing, or a number that the sentence gives."""
    found = one(name, description)

    assert (kind, default) == (found.type, found.default)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=80), st.text(max_size=120)), max_size=6))
def test_every_tunable_has_a_good_name_and_a_default_that_suits(elements: list[tuple[str, str]]) -> None:
    """Whatever it is called and whatever is said of it."""
    found = typed(MutableElement(*item) for item in elements)

    assert len(elements) == len({item.name for item in found})
    for item in found:
        findings = Findings()
        tunable = Tunable(item.name, item.type, item.description, item.default, item.bounds, Location("x"))
        assert re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,63}", item.name)
        assert tunables.check(tunable, item.default, Document("x", {}), (), findings), findings.items
