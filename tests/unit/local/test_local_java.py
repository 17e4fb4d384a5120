"""Which JDK is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deployer.local.java import Java, find_java, inspect
from deployer.model.errors import LocalError

MakeJdk = Callable[..., Path]


def test_java_home_comes_before_the_path(make_jdk: MakeJdk) -> None:
    """With JAVA_HOME and a java on the PATH, both good, JAVA_HOME is taken."""
    first, second = make_jdk("first", "21.0.1"), make_jdk("second", "25")

    found = find_java({"JAVA_HOME": str(first), "PATH": str(second / "bin")}, system=())

    assert Java(first, 21) == found


def test_old_java_is_passed_over(make_jdk: MakeJdk, tmp_path: Path) -> None:
    """A JAVA_HOME and a java on the PATH that are too old do not hide a good JDK in the usual folders."""
    old, older, good = make_jdk("jdk-17", "17.0.9"), make_jdk("jdk-8", "1.8.0_392"), make_jdk("temurin-25", "25.0.3")

    found = find_java(
        {"JAVA_HOME": str(old), "PATH": str(older / "bin")},
        system=((f"{tmp_path}/none", "*"), (f"{tmp_path}/jvm", "*")),
    )

    assert Java(good, 25) == found


def test_java_on_the_path_is_followed_through_links(make_jdk: MakeJdk, tmp_path: Path) -> None:
    """`java` on the PATH is mostly a link: the JDK is where it leads."""
    good = make_jdk("jdk", "21")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "java").symlink_to(good / "bin" / "java")

    found = find_java({"PATH": str(tmp_path / "links")}, system=())

    assert good == found.home


@pytest.mark.parametrize(("text", "version"), [("25.0.3", 25), ("21", 21), ("1.8.0_392", 8), ("23-ea", 23)])
def test_version_is_asked_of_the_launcher_where_no_release_file_is(make_jdk: MakeJdk, text: str, version: int) -> None:
    """Without a release file `java -version` tells the version, in each of the forms that it has had."""
    home = make_jdk("jdk", text, release=False)

    assert Java(home, version) == inspect(home)


def test_java_that_does_not_answer_is_none(make_jdk: MakeJdk) -> None:
    """A launcher that fails and says nothing (the stub of macOS) is no JDK."""
    home = make_jdk("jdk", "25", release=False, java="exit 1")

    assert inspect(home) is None


def test_runtime_without_compiler_is_passed_over_when_one_is_needed(make_jdk: MakeJdk, tmp_path: Path) -> None:
    """A runtime without javac runs the node, but is not taken to compile with."""
    runtime, jdk = make_jdk("z-runtime", "25", compiler=False), make_jdk("a-jdk", "21")
    system = ((f"{tmp_path}/jvm", "*"),)

    assert runtime == find_java({}, system=system).home
    assert jdk == find_java({}, system=system, compiler=True).home


def test_wish_is_not_silently_replaced(make_jdk: MakeJdk) -> None:
    """DEPLOYER_JAVA_HOME that names a too old JDK is an error, though JAVA_HOME would do."""
    old, good = make_jdk("old", "17.0.1"), make_jdk("good", "25")

    with pytest.raises(LocalError, match="DEPLOYER_JAVA_HOME") as caught:
        find_java({"DEPLOYER_JAVA_HOME": str(old), "JAVA_HOME": str(good)}, system=())

    assert "is Java 17" in caught.value.why


def test_no_jdk_says_what_was_found_and_what_to_do(make_jdk: MakeJdk, tmp_path: Path) -> None:
    """Without any JDK 21 the error names each that was found, and how to get one."""
    old = make_jdk("old", "17.0.1")

    with pytest.raises(LocalError, match="no JDK 21 or later") as caught:
        find_java({"JAVA_HOME": str(tmp_path / "gone"), "PATH": str(old / "bin")}, system=())

    assert f"{tmp_path / 'gone'} has no java that answers" in caught.value.why
    assert f"{old} is Java 17" in caught.value.why
    assert "DEPLOYER_JAVA_HOME" in caught.value.todo
