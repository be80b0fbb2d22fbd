from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import mount
from pytest_claude_sessions.bind.unavailable import Refused


def mounted_at(path: Path) -> int:
    return Path("/proc/self/mountinfo").read_text().count(str(path))


@pytest.mark.usefixtures("mounts")
class TestMounts:
    def test_a_mount_is_found_again_after_a_rename(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)
        made = mount.Mount.tmpfs(str(tmp_path / "a" / "b"), "size=4096")
        (tmp_path / "a").rename(tmp_path / "c")
        assert mounted_at(tmp_path) == 1
        made.release()
        assert mounted_at(tmp_path) == 0

    def test_the_one_on_top_goes_with_the_one_below(self, tmp_path: Path) -> None:
        first = mount.Mount.tmpfs(str(tmp_path), "size=4096")
        second = mount.Mount.tmpfs(str(tmp_path), "size=8192")
        first.release()
        assert mounted_at(tmp_path) == 0  # it was on the first
        second.release()
        second.release()
        assert mounted_at(tmp_path) == 0

    def test_somebody_elses_mount_below_stays_when_ours_is_gone(self, tmp_path: Path) -> None:
        below = mount.Mount.tmpfs(str(tmp_path), "size=4096")
        ours = mount.Mount.tmpfs(str(tmp_path), "size=8192")
        mount.call("umount2", os.fsencode(tmp_path), mount.MNT_DETACH)
        ours.release()
        assert mounted_at(tmp_path) == 1
        below.release()

    def test_the_one_below_stays_when_the_one_on_top_goes(self, tmp_path: Path) -> None:
        below = mount.Mount.tmpfs(str(tmp_path), "size=4096")
        above = mount.Mount.tmpfs(str(tmp_path), "size=8192")
        above.release()
        assert os.statvfs(tmp_path).f_blocks == 1
        below.release()
        assert mounted_at(tmp_path) == 0

    def test_a_forked_child_takes_nothing_away(self, tmp_path: Path) -> None:
        made = mount.Mount.tmpfs(str(tmp_path), "size=4096")
        made._pid += 1  # as a child of fork() sees it
        made.release()
        assert mounted_at(tmp_path) == 1
        made._pid -= 1
        made.release()
        assert mounted_at(tmp_path) == 0

    def test_flags_of_what_is_bound_are_kept(self, tmp_path: Path) -> None:
        below = mount.Mount.tmpfs(str(tmp_path), "size=65536")
        mount.mount("", str(tmp_path), flags=mount.MS_REMOUNT | mount.MS_BIND | 2 | 8)  # nosuid, noexec
        bound = mount.bind_read_only(str(tmp_path), [])
        flags = os.statvfs(tmp_path).f_flag
        assert flags & (os.ST_RDONLY | os.ST_NOSUID | os.ST_NOEXEC) == os.ST_RDONLY | os.ST_NOSUID | os.ST_NOEXEC
        for made in bound:
            made.release()
        below.release()

    def test_errors_name_the_call_and_what_it_takes(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match="mount") as caught:
            mount.mount("none", str(tmp_path / "missing"), "tmpfs")
        assert caught.value.errno == errno.ENOENT
        assert mount.refusal(caught.value) == "No such file or directory"

    def test_a_missing_function_is_a_refusal(self) -> None:
        with pytest.raises(Refused, match=r"the C library has no frobnicate\(\)"):
            mount.call("frobnicate")


def test_permission_errors_name_the_capability() -> None:
    error = OSError(errno.EPERM, "Operation not permitted", "unshare")
    assert mount.refusal(error) == "unshare: Operation not permitted, it takes CAP_SYS_ADMIN"


def test_other_systems_are_told_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    mount._libc.cache_clear()
    try:
        with pytest.raises(Refused, match="a thing of Linux, and this is darwin"):
            mount.enter_own_namespace()
    finally:
        monkeypatch.undo()
        mount._libc.cache_clear()
