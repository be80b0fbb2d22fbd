from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.config_dir import Guard, RealConfigDirTouched, snapshot
from pytest_claude_sessions.config_dir import guard as guard_module

Act = Callable[[Path], object]
"""What a careless test does to somebody's `~/.claude`."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Somebody's home, with a Claude Code configuration in it."""
    home = tmp_path / "somebody"
    (home / ".claude" / "projects" / "-repo").mkdir(parents=True)
    (home / ".claude" / "settings.json").write_text("{}")
    (home / ".claude" / "skill.py").write_text("X = 1\n")
    (home / ".claude.json").write_text("{}")
    return home


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The test's own directory."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "file").write_text("mine")
    return own


@pytest.fixture
def guard(home: Path, own: Path) -> Iterator[Guard]:
    """An active guard of that home."""
    with Guard(own, homes=[home], config_dirs=[]) as guard:
        yield guard


ACTS: dict[str, Act] = {
    "open to read": lambda c: (c / "settings.json").read_text(),
    "open to write": lambda c: (c / "new").write_text("x"),
    "open of bytes": lambda c: open(os.fsencode(c / "settings.json"), "rb"),  # noqa: SIM115  # the opening is what is tried
    "os.open": lambda c: os.open(c / "settings.json", os.O_RDONLY),
    "write of Python source": lambda c: (c / "skill.py").write_text("X = 2\n"),
    "mkdir": lambda c: (c / "new").mkdir(),
    "rename away": lambda c: (c / "settings.json").rename(c.parent.parent / "own" / "taken"),
    "rename in": lambda c: (c.parent.parent / "own" / "file").rename(c / "given"),
    "replace": lambda c: os.replace(c.parent.parent / "own" / "file", c / "settings.json"),
    "remove": lambda c: (c / "settings.json").unlink(),
    "rmdir": lambda c: (c / "projects" / "-repo").rmdir(),
    "listdir": lambda c: os.listdir(c),
    "scandir": lambda c: list(os.scandir(c / "projects")),
    "iterdir": lambda c: list(c.iterdir()),
    "chdir": lambda c: os.chdir(c),
    "chmod": lambda c: (c / "settings.json").chmod(0o644),
    "utime": lambda c: os.utime(c / "settings.json", (0, 0)),
    "truncate": lambda c: os.truncate(c / "settings.json", 0),
    "link from": lambda c: os.link(c / "settings.json", c.parent.parent / "own" / "linked"),
    "link to": lambda c: os.link(c.parent.parent / "own" / "file", c / "linked"),
    "symlink to": lambda c: (c.parent.parent / "own" / "linked").symlink_to(c),
    "symlink in": lambda c: (c / "linked").symlink_to("settings.json"),
    "rmtree": lambda c: shutil.rmtree(c / "projects"),
    "copytree": lambda c: shutil.copytree(c, c.parent.parent / "own" / "copy"),
    "copyfile": lambda c: shutil.copyfile(c / "settings.json", c.parent.parent / "own" / "copy"),
    "move": lambda c: shutil.move(c / "settings.json", c.parent.parent / "own"),
    "make_archive": lambda c: shutil.make_archive(str(c.parent.parent / "own" / "a"), "tar", c),
    "sqlite3": lambda c: sqlite3.connect(c / "store.db"),
    ".claude.json": lambda c: (c.parent / ".claude.json").read_text(),
    ".claude.json, replaced": lambda c: os.replace(c.parent.parent / "own" / "file", c.parent / ".claude.json"),
    "with dots": lambda c: (c.parent.parent / "own" / ".." / c.parent.name / ".claude" / "settings.json").read_text(),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())
def test_an_act_is_refused_and_changes_nothing(act: Act, home: Path, guard: Guard) -> None:
    with guard.paused():
        before = snapshot(home)
    with pytest.raises(RealConfigDirTouched) as caught:
        act(home / ".claude")
    assert caught.value.operation == guard.touches[0].operation
    assert caught.value.path == guard.touches[0].path
    with guard.paused():
        assert before.diff(snapshot(home)) == []


def test_the_error_names_path_operation_and_remedy(home: Path, guard: Guard) -> None:
    with pytest.raises(RealConfigDirTouched) as caught:
        os.listdir(home / ".claude")
    text = str(caught.value)
    assert str(home / ".claude") in text
    assert "os.listdir" in text
    assert "claude_config_dir.path" in text
    assert isinstance(caught.value, PermissionError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.path, again.operation, str(again)) == (caught.value.path, "os.listdir", text)


def test_a_swallowed_error_is_told_at_the_end(home: Path, guard: Guard) -> None:
    guard.check()
    with contextlib.suppress(OSError):
        (home / ".claude" / "settings.json").read_text()
    with pytest.raises(RealConfigDirTouched, match="open of"):
        guard.check()


ALLOWED: dict[str, Act] = {
    "own file": lambda c: (c.parent.parent / "own" / "file").write_text("x"),
    "own tree": lambda c: shutil.rmtree(c.parent.parent / "own"),
    "another dot directory": lambda c: (c.parent / ".claude-other").mkdir(),
    "a name that begins alike": lambda c: (c.parent / ".claude.json5").write_text("x"),
    "the home itself": lambda c: os.listdir(c.parent),
    "a file of the home": lambda c: (c.parent / ".profile").write_text("x"),
    "no event: stat": lambda c: c.stat(),
    "a file descriptor": lambda c: os.listdir(os.open(c.parent, os.O_RDONLY)),
    "Python source": lambda c: (c / "skill.py").read_text(),
    "the current directory": lambda c: os.listdir(),
}


@pytest.mark.parametrize("act", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_is_not_the_real_configuration_is_allowed(act: Act, home: Path, guard: Guard) -> None:
    act(home / ".claude")
    assert guard.touches == []


def test_own_directories_may_lie_in_the_real_home(home: Path) -> None:
    own = home / "tmp" / "test"
    inside = home / ".claude" / "tmp"
    for directory in (own, inside):
        directory.mkdir(parents=True)
    with Guard(own, inside, homes=[home], config_dirs=[]) as guard:
        (own / ".claude").mkdir()
        (own / ".claude" / "settings.json").write_text("{}")
        (inside / "settings.json").write_text("{}")
        assert guard.touches == []
        with pytest.raises(RealConfigDirTouched):
            (home / ".claude" / "settings.json").read_text()


@pytest.mark.parametrize("own", [".", ".claude"])
def test_owning_the_home_does_not_give_the_configuration_away(home: Path, own: str) -> None:
    with Guard(home / own, homes=[home], config_dirs=[]), pytest.raises(RealConfigDirTouched):
        (home / ".claude" / "settings.json").read_text()


def test_a_tree_of_ones_own_can_be_removed_from_within_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """shutil.rmtree names what it finds relative to a directory's descriptor, not to the current directory."""
    own = home / "tmp"
    (own / ".claude" / ".claude").mkdir(parents=True)
    (own / ".claude" / ".claude" / ".claude.json").write_text("{}")
    monkeypatch.chdir(home)
    with Guard(own, homes=[home], config_dirs=[]) as guard:
        shutil.rmtree("tmp")
        assert guard.touches == []
    assert not own.exists()


def test_relative_paths_and_links_are_followed(home: Path, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    alias = home.parent / "alias"
    alias.symlink_to(home)
    with pytest.raises(RealConfigDirTouched):
        (alias / ".claude" / "settings.json").read_text()
    monkeypatch.chdir(home)
    with pytest.raises(RealConfigDirTouched):
        Path(".claude/settings.json").read_text()
    with pytest.raises(RealConfigDirTouched):
        os.mkdir(".claude/new")


def test_a_configuration_behind_a_link_is_protected_at_both_ends(home: Path, tmp_path: Path) -> None:
    (home / ".claude").rename(tmp_path / "dotfiles")
    (home / ".claude").symlink_to(tmp_path / "dotfiles")
    with Guard(homes=[home], config_dirs=[]) as guard:
        for way in (home / ".claude", tmp_path / "dotfiles"):
            with pytest.raises(RealConfigDirTouched):
                (way / "settings.json").write_text("x")
        assert len(guard.touches) == 2


def test_a_config_dir_of_another_name_is_protected_too(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with Guard(homes=[home], config_dirs=[tmp_path / "mine"]), pytest.raises(RealConfigDirTouched):
        (tmp_path / "mine" / "settings.json").write_text("x")


def test_it_stops_when_it_ends(home: Path) -> None:
    with Guard(homes=[home], config_dirs=[]) as guard, pytest.raises(RealConfigDirTouched):
        (home / ".claude" / "settings.json").read_text()
    assert (home / ".claude" / "settings.json").read_text() == "{}"
    assert len(guard.touches) == 1


def test_two_guards_end_one_by_one(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / ".claude").mkdir(parents=True)
    with Guard(homes=[home], config_dirs=[]) as outer:
        with Guard(homes=[other], config_dirs=[]) as inner, pytest.raises(RealConfigDirTouched):
            os.listdir(other / ".claude")
        os.listdir(other / ".claude")
        with pytest.raises(RealConfigDirTouched):
            os.listdir(home / ".claude")
    assert [touch.path for touch in inner.touches] == [str(other / ".claude")]
    assert [touch.path for touch in outer.touches] == [str(home / ".claude")]


def test_a_pause_allows_everything(home: Path, guard: Guard) -> None:
    with guard.paused(), guard.paused():
        assert (home / ".claude" / "settings.json").read_text() == "{}"
    with pytest.raises(RealConfigDirTouched):
        (home / ".claude" / "settings.json").read_text()


def test_other_threads_are_guarded_too(home: Path, guard: Guard) -> None:
    def careless() -> None:
        with contextlib.suppress(PermissionError):
            os.listdir(home / ".claude")

    thread = threading.Thread(target=careless)
    thread.start()
    thread.join()
    assert [touch.operation for touch in guard.touches] == ["os.listdir"]


def test_an_import_from_below_it_is_no_touch(home: Path, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(home / ".claude")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import skill  # type: ignore[import-not-found]  # the test wrote it a moment ago

    assert skill.X == 1
    assert guard.touches == []
    monkeypatch.delitem(sys.modules, "skill")


def test_the_hook_is_installed_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[object] = []
    with Guard(homes=[], config_dirs=[]):
        pass
    monkeypatch.setattr(sys, "addaudithook", installed.append)
    # As pytester's in-process runs do: the module is imported a second time.
    monkeypatch.delitem(sys.modules, guard_module.__name__)
    from pytest_claude_sessions.config_dir.guard import Guard as SecondGuard

    assert SecondGuard is not Guard
    with SecondGuard(homes=[], config_dirs=[]):
        pass
    assert installed == []
    monkeypatch.delattr(sys, guard_module._STATE)
    with SecondGuard(homes=[], config_dirs=[]):
        pass
    assert len(installed) == 1


def test_an_inactive_hook_looks_at_nothing() -> None:
    seen: list[str] = []

    class Curious(Guard):
        def see(self, event: str, args: tuple[object, ...]) -> None:
            seen.append(event)

    with Curious(homes=[], config_dirs=[]):
        os.listdir()
    assert "os.listdir" in seen
    count = len(seen)
    os.listdir()
    assert len(seen) == count


def test_the_homes_are_those_the_process_was_started_with(tmp_path: Path) -> None:
    code = (
        "import os; os.environ['HOME'] = '/changed/by/a/test'\n"
        "from pytest_claude_sessions.config_dir import Guard\n"
        "from pytest_claude_sessions.config_dir.guard import real_homes\n"
        "print(*real_homes(), *Guard().protected, sep='\\n')"
    )
    env = {**os.environ, "HOME": str(tmp_path / "person"), "CLAUDE_CONFIG_DIR": str(tmp_path / "mine")}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    told = ran.stdout.splitlines()
    if not Path("/proc/self/environ").exists():
        pytest.skip("only Linux tells the environment that a process was started with")
    assert str(tmp_path / "person") in told
    assert str(tmp_path / "person" / ".claude") in told
    assert str(tmp_path / "mine") in told
    assert "/changed/by/a/test" not in told
    pwd = pytest.importorskip("pwd")
    assert os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".claude.json") in told
