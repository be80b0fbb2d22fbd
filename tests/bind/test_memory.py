from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.bind import BindUnavailable, ReadOnlyBind

pytest.importorskip("pyfakefs", reason="pyfakefs is not installed")


@pytest.fixture
def bind() -> Iterator[ReadOnlyBind]:
    with ReadOnlyBind() as made:
        yield made


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = (tmp_path / "config").resolve()
    (path / "empty").mkdir(parents=True)
    (path / "settings.json").write_text("{}")
    (path / "link").symlink_to("settings.json")
    return path


def write(path: Path, mode: str = "a") -> str:
    try:
        with open(path, mode) as file:
            file.write("x")
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "written"


def test_code_of_the_process_is_refused_and_the_disk_untouched(bind: ReadOnlyBind, config: Path) -> None:
    bound = bind(config, reach="process", backends=["pyfakefs"])
    seen = [write(config / name) for name in ("new", "empty/new", "settings.json", "link", "projects/new")]
    text, listed = (config / "settings.json").read_text(), sorted(os.listdir(config))
    bind.release()
    assert seen == ["EACCES"] * 4 + ["written"]
    assert (text, listed) == ("{}", ["empty", "link", "projects", "settings.json"])
    assert sorted(os.listdir(config)) == ["empty", "link", "settings.json"]
    assert bound.backend == "pyfakefs"


def test_children_cannot_be_had(bind: ReadOnlyBind, config: Path) -> None:
    bound = bind(config, reach="process", backends=["pyfakefs"])
    with pytest.raises(BindUnavailable, match="children do not see files in memory"):
        bound.command(["claude"])


def test_the_user_is_what_it_was(bind: ReadOnlyBind, config: Path) -> None:
    from pyfakefs import helpers

    before = os.getuid(), helpers.get_uid(), helpers.get_gid()
    bind(config, reach="process", backends=["pyfakefs"])
    inside = os.getuid()
    bind.release()
    assert inside != 0
    assert (os.getuid(), helpers.get_uid(), helpers.get_gid()) == before


def test_it_works_inside_of_the_fs_fixture(bind: ReadOnlyBind, fs: Any) -> None:
    from pyfakefs import helpers

    before = helpers.get_uid(), helpers.get_gid()
    fs.create_file("/config/settings.json", contents="{}")
    fs.create_file("/elsewhere")
    bind("/config", reach="process", backends=["pyfakefs"])
    assert [write(Path(f"/config/{name}")) for name in ("new", "settings.json", "projects/new")] == [
        "EACCES",
        "EACCES",
        "written",
    ]
    assert Path("/elsewhere").exists()
    bind.release()
    assert write(Path("/config/new")) == "written"
    assert (helpers.get_uid(), helpers.get_gid()) == before


def test_without_pyfakefs_it_says_what_to_install(
    bind: ReadOnlyBind, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyfakefs", None)
    with pytest.raises(BindUnavailable, match=r"pyfakefs: pyfakefs is missing \(pip install .*\[fakefs\]"):
        bind(config, reach="process", backends=["pyfakefs"])
