from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude_sessions.bind.permission import WithoutWriteModes
from pytest_claude_sessions.bind.unavailable import Refused

from .conftest import RunAs


def modes(path: Path) -> dict[str, int]:
    return {str(entry): entry.lstat().st_mode & 0o7777 for entry in (path, *path.rglob("*"))}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "tree"
    (path / "a" / "b").mkdir(parents=True)
    (path / "a" / "file").write_text("")
    (path / "a" / "b" / "file").write_text("")
    (path / "a").chmod(0o2775)
    (path / "a" / "file").chmod(0o446)
    return path


def test_write_modes_go_and_come_back(tree: Path) -> None:
    before = modes(tree)
    taken = WithoutWriteModes(str(tree), [str(tree / "a" / "b")])
    now = modes(tree)
    outside = {path for path in before if not path.startswith(str(tree / "a" / "b"))}
    assert all(not now[path] & 0o222 for path in outside)
    assert all(now[path] == before[path] & ~0o222 for path in outside)
    assert all(now[path] == before[path] for path in before.keys() - outside)
    taken.release()
    taken.release()
    assert modes(tree) == before


def test_what_is_gone_meanwhile_is_passed_over(tree: Path) -> None:
    taken = WithoutWriteModes(str(tree), [])
    (tree / "a").chmod(0o755)
    (tree / "a" / "file").unlink()
    before = modes(tree)
    taken.release()
    assert (tree / "a").stat().st_mode & 0o7777 == 0o2775
    assert before.keys() == modes(tree).keys()


@pytest.mark.usefixtures("root")
def test_root_is_found_out(tree: Path) -> None:
    taken = WithoutWriteModes(str(tree), [])
    with pytest.raises(Refused, match=f"writing still passed at {tree}, without write modes"):
        taken.check()
    taken.release()


def test_files_of_others_may_stay_when_they_refuse_anyway(run_as: RunAs) -> None:
    seen = run_as("""
        from pytest_claude_sessions.bind import permission
        real = os.chmod
        def chmod(path, mode):
            if str(path).endswith("old.json"):
                raise PermissionError(1, "Operation not permitted", path)
            real(path, mode)
        for mode in (0o466, 0o644):
            (directory / "backups" / "old.json").chmod(mode)
            os.chmod = chmod
            try:
                permission.WithoutWriteModes(str(directory), []).release()
                seen[oct(mode)] = "taken"
            except permission.Refused as refusal:
                seen[oct(mode)] = str(refusal).replace(str(directory), "")
            os.chmod = real
        seen["mode"] = oct(directory.stat().st_mode & 0o777)
    """)
    assert seen == {
        "0o466": "taken",
        "0o644": "the modes of /backups/old.json cannot be changed: Operation not permitted",
        "mode": "0o755",
    }
