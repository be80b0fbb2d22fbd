"""The in-process form sees the changes of Python code as the tracer sees them, and stops at the same places."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.crash.point import Point, Watched, real_and_named

WAYS = {
    "path": ("import pathlib; pathlib.Path(sys.argv[1], 'f').write_text('one')", ["open f", "write f"]),
    "open": ("open(sys.argv[1] + '/f', 'ab', 0).write(b'one')", ["open f", "write f"]),
    "descriptor": ("d = os.open(sys.argv[1] + '/f', os.O_WRONLY | os.O_CREAT); os.write(d, b'one'); os.fsync(d)", None),
    "temporary": (
        "import tempfile; t = tempfile.NamedTemporaryFile('w', dir=sys.argv[1], delete=False, prefix='f', suffix='f');"
        "t.write('one'); t.close(); os.replace(t.name, sys.argv[1] + '/f')",
        None,
    ),
    "copy": (
        "import shutil; open(sys.argv[1] + '/../g', 'w').write('one'); shutil.copy(sys.argv[1] + '/../g', "
        "sys.argv[1] + '/f')",
        None,
    ),
    "relative": (
        "os.chdir(sys.argv[1]); os.mkdir('d'); open('d/g', 'x').write('one'); os.rename('d/g', 'f'); os.rmdir('d')",
        ["mkdir d", "open g", "write g", "rename f", "rmdir d"],
    ),
    "directory": (
        "d = os.open(sys.argv[1], os.O_RDONLY); h = os.open('f', os.O_CREAT | os.O_RDWR, dir_fd=d);"
        "os.write(h, b'one'); os.unlink('gone', dir_fd=d) if os.path.exists(sys.argv[1] + '/gone') else None",
        ["open f", "write f"],
    ),
}
START = """
import json, os, sys
from pytest_claude_sessions.crash.intercept import Interception
from pytest_claude_sessions.crash.point import Watched
watch = Interception()
watch.install()
def tell(change): os.write(1, (change.name + " " + os.path.basename(change.path) + "\\n").encode())
watch.arm(Watched.from_json(json.loads(sys.argv[2])), tell)
"""


def run(tmp_path: Path, work: str, point: Point | None) -> tuple[int, list[str], str]:
    files = tmp_path / "files"
    files.mkdir(exist_ok=True)
    watched = json.dumps(Watched(real_and_named([files]), "", point).as_json())
    command = [sys.executable, "-c", START + work, str(files), watched]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_changes_are_seen_and_made(tmp_path: Path, way: str) -> None:
    work, expected = WAYS[way]
    status, changes, stderr = run(tmp_path, work, None)
    assert status == 0, stderr
    assert changes
    assert expected is None or changes == expected
    assert (tmp_path / "files" / "f").read_text() == "one"


@pytest.mark.parametrize("way", WAYS)
def test_every_change_can_be_stopped_before_and_after(tmp_path: Path, way: str) -> None:
    """Killed after the last one, all is there; killed before the first one, nothing is."""
    work, _ = WAYS[way]
    assert run(tmp_path, work, Point("before", 1))[0] == -signal.SIGKILL
    assert list((tmp_path / "files").iterdir()) == []
    number = len(run(tmp_path / "other", work, None)[1]) if (tmp_path / "other").mkdir() is None else 0
    status, changes, _ = run(tmp_path, work, Point("after", number))
    assert (status, len(changes)) == (-signal.SIGKILL, number)
    assert (tmp_path / "files" / "f").read_text() == "one"


def test_write_is_stopped_on_either_side(tmp_path: Path) -> None:
    work, _ = WAYS["path"]
    assert run(tmp_path, work, Point("before", 2))[0] == -signal.SIGKILL
    assert (tmp_path / "files" / "f").read_text() == ""
    assert run(tmp_path, work, Point("after", 2))[0] == -signal.SIGKILL
    assert (tmp_path / "files" / "f").read_text() == "one"


@pytest.mark.parametrize(("kind", "said"), [("ENOSPC", "No space left"), ("EIO", "Input/output"), ("EROFS", "Read-on")])
def test_change_that_fails_is_not_made_and_raised(tmp_path: Path, kind: str, said: str) -> None:
    status, changes, stderr = run(tmp_path, WAYS["open"][0], Point(kind, 2))
    assert (status, changes) == (1, ["open f", "write f"])
    assert "OSError" in stderr
    assert said in stderr
    assert (tmp_path / "files" / "f").read_text() == ""


def test_what_is_not_watched_passes(tmp_path: Path) -> None:
    work = "open(sys.argv[1] + '/../beside', 'w').write('one'); print(open(sys.argv[1] + '/../beside').read())"
    assert run(tmp_path, work, Point("before", 1))[:2] == (0, ["one"])
