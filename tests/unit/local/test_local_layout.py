"""The server home that is laid out from a folder of jars."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployer.local.artifacts import MODULES, Module
from deployer.local.layout import descriptor, jars_of, lay_out
from deployer.model.errors import LocalError


def test_no_jar_stands_both_in_lib_and_in_a_module(jars: Path, tmp_path: Path) -> None:
    """The server refuses a module whose jar is in lib too, so what a module owns is in the module only."""
    home = tmp_path / "home"

    lay_out(jars, home)

    library = {path.name for path in (home / "lib").iterdir()}
    owned = {path.name for path in (home / "modules").glob("*/*.jar")}
    assert library == {"opensearch-1.2.3.jar", "lucene-core-1.2.3.jar"}
    assert not library & owned


def test_every_module_has_its_jars_and_a_descriptor(jars: Path, tmp_path: Path) -> None:
    """Each module's folder holds exactly the jars of its list and plugin-descriptor.properties."""
    home = tmp_path / "home"

    lay_out(jars, home)

    for module in MODULES:
        expected = {f"{prefix}-1.2.3.jar" for prefix in module.jars} | {"plugin-descriptor.properties"}
        assert expected == {path.name for path in (home / "modules" / module.name).iterdir()}


def test_left_out_jars_are_nowhere(jars: Path, tmp_path: Path) -> None:
    """slf4j-api and commons-io, which disturb the start, come into no folder of the home."""
    home = tmp_path / "home"

    lay_out(jars, home)

    assert not [path for path in home.rglob("*.jar") if path.name.startswith(("slf4j", "commons-io"))]


def test_links_hold_when_both_folders_move(jars: Path, tmp_path: Path) -> None:
    """A home is built elsewhere and renamed, so its links are relative to it."""
    lay_out(jars, tmp_path / "home")
    moved = tmp_path / "elsewhere"
    moved.mkdir()

    jars.rename(moved / "jars")
    (tmp_path / "home").rename(moved / "home")

    links = list((moved / "home").rglob("*.jar"))
    assert links
    assert all(link.is_symlink() and link.exists() for link in links)


def test_missing_jar_of_a_module_is_an_error(jars: Path, tmp_path: Path) -> None:
    """A home without one of a module's jars is refused, naming module and jar."""
    (jars / "joni-1.2.3.jar").unlink()

    with pytest.raises(LocalError, match="ingest-common lacks joni"):
        lay_out(jars, tmp_path / "home")


def test_prefix_takes_only_its_own_jar(tmp_path: Path) -> None:
    """netty-codec does not take netty-codec-http, nor asm the asm-commons jar."""
    names = ["netty-codec-4.2.7.Final.jar", "netty-codec-http-4.2.7.Final.jar", "asm-9.7.jar", "asm-commons-9.7.jar"]

    found = jars_of(["netty-codec", "asm"], [tmp_path / name for name in names])

    assert ["asm-9.7.jar", "netty-codec-4.2.7.Final.jar"] == [path.name for path in found]


def test_descriptor_names_what_the_module_extends() -> None:
    """A module that uses another's classes says so in extended.plugins; one that does not has no such line."""
    extending = descriptor(Module("a", "org.example.A", (), extends=("lang-painless", "b")))
    alone = descriptor(Module("a", "org.example.A", ()))

    assert "extended.plugins=lang-painless,b\n" in extending
    assert "classname=org.example.A\n" in extending
    assert "extended.plugins" not in alone
