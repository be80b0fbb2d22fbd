from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import BindUnavailable, ReadOnlyBind, fill

from .conftest import RunAs

PAGE = os.sysconf("SC_PAGE_SIZE")


def write(path: Path, size: int) -> str:
    try:
        with open(path, "ab", buffering=0) as file:
            written = file.write(bytes(size))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "written" if written == size else f"{written} bytes"


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    path = tmp_path / "projects"
    (path / "-work").mkdir(parents=True)
    (path / "-work" / "a.jsonl").write_bytes(b"x" * (PAGE * 300 + 1))
    (path / "-work" / "full-page").write_bytes(b"x" * PAGE)
    (path / "link").symlink_to("-work/a.jsonl")
    return path


def tree(path: Path) -> dict[str, tuple[int, int, int, int, object]]:
    def content(entry: Path) -> object:
        return os.readlink(entry) if entry.is_symlink() else entry.read_bytes() if entry.is_file() else None

    stats = {entry: entry.lstat() for entry in (path, *path.rglob("*"))}
    return {
        str(entry): (stat.st_mode, stat.st_uid, stat.st_gid, stat.st_mtime_ns, content(entry))
        for entry, stat in stats.items()
    }


@pytest.mark.usefixtures("mounts")
class TestTmpfs:
    def test_what_is_there_is_there_and_nothing_fits(self, projects: Path) -> None:
        os.utime(projects / "-work" / "a.jsonl", ns=(1_000_000_007, 1_000_000_007))
        (projects / "-work" / "a.jsonl").chmod(0o640)
        os.chown(projects / "-work" / "a.jsonl", 12345, 12346)
        os.chown(projects, 12345, 12346)
        projects.chmod(0o2750)
        before = tree(projects)
        with fill(projects) as filled:
            assert (filled.backend, filled.path) == ("mount", projects.resolve())
            assert tree(projects) == before
            assert write(projects / "new", 1) == "ENOSPC"
            assert write(projects / "-work" / "new", 1) == "ENOSPC"
            assert write(projects / "-work" / "full-page", 1) == "ENOSPC"
            assert os.listdir(projects / "-work") != []
        assert tree(projects) == before

    def test_children_get_the_error_too(self, projects: Path) -> None:
        program = "import os, sys; os.write(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), b'x')"
        child = [sys.executable, "-c", program, str(projects / "new")]
        with fill(projects):
            done = subprocess.run(child, capture_output=True, text=True)
        assert "No space left on device" in done.stderr
        assert done.returncode != 0

    def test_freed_bytes_can_be_written_and_no_more(self, projects: Path) -> None:
        with fill(projects) as filled:
            assert filled.free(2 * PAGE - 1) == 2 * PAGE
            assert write(projects / "new", 2 * PAGE) == "written"
            assert write(projects / "new", 1) == "ENOSPC"
            (projects / "new").unlink()
            assert write(projects / "new", PAGE) == "written"
            filled.refill()
            assert write(projects / "new", 1) == "ENOSPC"
            assert filled.free(0) == 0
            assert write(projects / "new", 1) == "ENOSPC"
            assert filled.free(1 << 40) < 1 << 30
            assert write(projects / "new", PAGE) == "written"

    def test_a_write_that_half_fits_is_torn(self, projects: Path) -> None:
        with fill(projects) as filled:
            filled.free(PAGE)
            assert write(projects / "new", 2 * PAGE) == f"{PAGE} bytes"

    def test_release_leaves_no_trace(self, projects: Path) -> None:
        descriptors = len(os.listdir("/proc/self/fd"))
        filled = fill(projects)
        filled.free(PAGE)
        write(projects / "new", PAGE)
        filled.release()
        filled.release()
        assert filled.free(PAGE) == 0
        assert not (projects / "new").exists()
        assert str(projects) not in Path("/proc/self/mountinfo").read_text()
        assert len(os.listdir("/proc/self/fd")) == descriptors

    @pytest.mark.parametrize("order", ["inner first", "outer first"])
    def test_under_a_read_only_bind(self, projects: Path, order: str) -> None:
        with ReadOnlyBind() as bind, fill(projects) as filled:
            bound = bind(projects.parent)
            assert write(projects.parent / "new", 1) == "EROFS"
            assert write(projects / "new", 1) == "ENOSPC"
            releases: list[Callable[[], None]] = [bound.release, filled.release]
            for release in releases if order == "inner first" else reversed(releases):
                release()
            assert write(projects / "new", 1) == "written"
        assert str(projects.parent) not in Path("/proc/self/mountinfo").read_text()

    def test_a_failing_set_up_leaves_nothing_mounted(self, projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(source: str, target: str) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO), source)

        monkeypatch.setattr("pytest_claude_sessions.bind.disk._copy", fails)
        with pytest.raises(BindUnavailable, match="Input/output error"):
            fill(projects)
        assert str(projects) not in Path("/proc/self/mountinfo").read_text()

    def test_a_disk_that_takes_data_is_refused(self, projects: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pytest_claude_sessions.bind.disk._Tmpfs.refill", lambda self: None)
        with pytest.raises(BindUnavailable, match="writing gave no error instead of ENOSPC"):
            fill(projects)
        assert str(projects) not in Path("/proc/self/mountinfo").read_text()


def test_it_needs_a_directory(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match="an existing directory"):
        fill(tmp_path / "missing")


def test_in_memory_for_code_of_the_process(run_as: RunAs) -> None:
    seen = run_as(
        """
        def write(name, size):
            try:
                with open(directory / name, "ab", buffering=0) as file:
                    file.write(bytes(size))
            except OSError as error:
                return error.errno
            return 0
        before = sorted(os.listdir(directory))
        with fill(directory, reach="process") as filled:
            seen["backend"], seen["reason"] = filled.backend, filled.reason
            seen["full"] = [write("new", 1), write("backups/new", 1), write("settings.json", 1)]
            seen["free"] = [filled.free(100), write("backups/new", 60), write("new", 41), write("new", 40)]
            filled.free(10)
            filled.refill()
            seen["refilled"] = write("settings.json", 1)
        seen["untouched"] = sorted(os.listdir(directory)) == before
        """,
        modules=True,
    )
    assert seen["backend"] == "pyfakefs"
    assert "not mount: " in seen["reason"]
    assert seen["full"] == [errno.ENOSPC] * 3
    assert seen["free"] == [100, 0, errno.ENOSPC, 0]
    assert seen["refilled"] == errno.ENOSPC
    assert seen["untouched"]


def test_who_may_not_mount_is_told_so(run_as: RunAs) -> None:
    program = """
        try:
            fill(directory)
        except BindUnavailable as error:
            seen["text"] = str(error)
    """
    seen = run_as(program)
    assert "a full disk at " in seen["text"]
    assert "CAP_SYS_ADMIN" in seen["text"]
    assert "reach='process'" in seen["text"]
