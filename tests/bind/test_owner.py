from __future__ import annotations

import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import BindUnavailable, GivenAway, give_away

from .conftest import NOBODY, RunAs

TOUCH = [sys.executable, "-I", "-S", "-c", "import sys; open(sys.argv[1], 'a').close()"]


def touch(path: Path, given: GivenAway, user: int | None = None) -> str:
    done = subprocess.run(given.command([*TOUCH, path], user=user), capture_output=True, text=True)
    return "written" if done.returncode == 0 else done.stderr.strip().splitlines()[-1].split(":")[0]


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    path = tmp_path / "projects"
    (path / "-work").mkdir(parents=True)
    (path / "-work" / "a.jsonl").write_text("{}\n")
    (path / "-work" / "a.jsonl").chmod(0o666)
    (path / "-work" / "link").symlink_to("a.jsonl")
    path.chmod(0o2777)
    return path


def owners(path: Path) -> dict[str, tuple[int, int, int]]:
    stats = {entry: entry.lstat() for entry in (path, *path.rglob("*"))}
    return {str(entry): (stat.st_mode, stat.st_uid, stat.st_gid) for entry, stat in stats.items()}


@pytest.mark.usefixtures("root")
class TestAsRoot:
    @pytest.fixture
    def given(self, projects: Path) -> Iterator[GivenAway]:
        with give_away(projects) as made:
            yield made

    def test_all_of_it_belongs_to_the_other_user(self, projects: Path, given: GivenAway) -> None:
        assert {uid for _, uid, _ in owners(projects).values()} == {NOBODY}
        shared = {stat.S_IMODE(mode) & 0o022 for mode, _, _ in owners(projects).values() if not stat.S_ISLNK(mode)}
        assert shared == {0}

    def test_root_in_the_process_writes_all_the_same_and_that_is_said(self, projects: Path, given: GivenAway) -> None:
        assert given.effective_in_process is False
        (projects / "by-root").write_text("")

    def test_children_without_powers_are_refused(self, projects: Path, given: GivenAway, tmp_path: Path) -> None:
        assert touch(projects / "new", given) == "PermissionError"
        assert touch(projects / "-work" / "a.jsonl", given) == "PermissionError"
        assert touch(tmp_path / "of-their-own", given) == "written"
        who = given.command([sys.executable, "-c", "import os; print(os.getuid())"])
        assert subprocess.run(who, capture_output=True, text=True, check=True).stdout == "0\n"

    def test_children_of_children_do_not_get_them_back(self, projects: Path, given: GivenAway) -> None:
        shell = given.command(["sh", "-c", 'sh -c \'exec "$@"\' sh "$@"', "sh", *TOUCH, projects / "new"])
        assert subprocess.run(shell, capture_output=True).returncode == 1
        assert not (projects / "new").exists()

    def test_code_of_the_process_without_powers_is_refused(self, projects: Path, given: GivenAway) -> None:
        elsewhere: list[bool] = []
        with given.as_ordinary_user():
            assert given.effective_in_process is True
            with pytest.raises(PermissionError):
                (projects / "new").write_text("")
            assert subprocess.run([*TOUCH, projects / "new"], capture_output=True).returncode == 1
            thread = threading.Thread(target=lambda: elsewhere.append(given.effective_in_process))
            thread.start()
            thread.join()
            with given.as_ordinary_user():
                assert given.effective_in_process is True
            assert given.effective_in_process is True
        assert elsewhere == [True]
        assert given.effective_in_process is False
        subprocess.run([*TOUCH, projects / "new"], check=True)

    def test_release_gives_it_back(self, projects: Path) -> None:
        before = owners(projects)
        given = give_away(projects, uid=12345)
        assert projects.stat().st_uid == 12345
        (projects / "-work" / "link").unlink()
        given.release()
        given.release()
        del before[str(projects / "-work" / "link")]
        assert owners(projects) == before

    def test_the_owner_himself_may_write_and_others_may_not(self, shared_directory: Path) -> None:
        directory = shared_directory / "projects"
        directory.mkdir()
        with give_away(directory) as given:
            for user, status in ((NOBODY, 0), (NOBODY - 1, 1)):
                argv = given.command(["sh", "-c", 'id -u; id -G; : > "$0"/new', directory], user=user)
                done = subprocess.run(argv, cwd="/", capture_output=True, text=True)
                assert (done.returncode != 0, done.stdout) == (status == 1, f"{user}\n{user}\n")
                (directory / "new").unlink(missing_ok=True)

    def test_ones_own_uid_is_no_other_user(self, projects: Path) -> None:
        with pytest.raises(ValueError, match="user 0 runs this process"):
            give_away(projects, uid=0)

    def test_a_child_that_could_write_refuses_it(self, projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = owners(projects)
        monkeypatch.setattr(GivenAway, "command", lambda self, argv=(), user=None: list(argv))
        with pytest.raises(BindUnavailable, match="chown: a child could write in spite of it"):
            give_away(projects)
        assert owners(projects) == before

    def test_a_directory_is_needed(self, tmp_path: Path) -> None:
        with pytest.raises(NotADirectoryError, match="existing directory"):
            give_away(tmp_path / "missing")


def test_an_ordinary_user_cannot_give_away(run_as: RunAs) -> None:
    seen = run_as("""
        try:
            give_away(directory, uid=1)
        except BindUnavailable as error:
            seen["reasons"] = error.reasons
        seen["mode"] = oct(directory.stat().st_mode & 0o777)
        seen["after"] = attempt(directory / "new")
    """)
    assert seen["reasons"] == {"chown": "Operation not permitted, it takes root or CAP_CHOWN"}
    assert (seen["mode"], seen["after"]) == ("0o755", "written")


def test_root_that_keeps_its_powers_is_refused(run_as: RunAs) -> None:
    seen = run_as(
        """
        try:
            give_away(directory)
        except BindUnavailable as error:
            seen["reasons"] = error.reasons
        seen["owner"] = directory.stat().st_uid
        """,
        root_without="setpcap",
    )
    assert "CAP_SETPCAP" in seen["reasons"]["chown"]
    assert seen["owner"] == 0


def test_root_whom_modes_bind_sees_it_in_the_process(run_as: RunAs) -> None:
    seen = run_as(
        """
        with give_away(directory) as given:
            seen["effective"] = given.effective_in_process
            seen["command"] = given.command(["claude"])
            with given.as_ordinary_user():
                seen["inside"] = given.effective_in_process
        """,
        root_without="dac_override",
    )
    assert seen == {"effective": True, "command": ["claude"], "inside": True}
