"""Managers that are broken in `binds`."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from pytest_claude_sessions.manager import DispatchResult, Mount
from pytest_claude_sessions.reference import binds
from pytest_claude_sessions.reference.answer import Answer
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.lease import Lease
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.store import Row, SessionStore

from . import Broken

# ---------------------------------------------------------------- BND-01


class BindsTheConfigDirAlone(ReferenceManager):
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        return super().mount_plan(host_config_dir, container_config_dir)[:1]


class BindsAllReadWrite(ReferenceManager):
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        plan = super().mount_plan(host_config_dir, container_config_dir)
        return [replace(mount, read_only=False) for mount in plan]


class BindsTheCredentialsReadWrite(ReferenceManager):
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        name = ".credentials.json"
        plan = super().mount_plan(host_config_dir, container_config_dir)
        return [*plan, Mount(host_config_dir / name, container_config_dir / name, False)]


# ---------------------------------------------------------------- BND-02


class PreparesForRoot(ReferenceManager):
    def prepare_host(self, host_config_dir: Path) -> None:
        for name in binds.WRITABLE:
            (host_config_dir / name).mkdir(exist_ok=True)


class PreparesProjectsAlone(ReferenceManager):
    def prepare_host(self, host_config_dir: Path) -> None:
        super().prepare_host(host_config_dir)
        (host_config_dir / "session-env").rmdir()


class PreparesAnew(ReferenceManager):
    def prepare_host(self, host_config_dir: Path) -> None:
        shutil.rmtree(host_config_dir / "projects", ignore_errors=True)
        super().prepare_host(host_config_dir)


class PreparesOnce(ReferenceManager):
    def prepare_host(self, host_config_dir: Path) -> None:
        for name in binds.WRITABLE:
            (host_config_dir / name).mkdir()


# ---------------------------------------------------------------- BND-03


class LooksAtTheConfigDirAlone(ReferenceManager):
    """As source 004 had it before its review."""

    def mounts_match(self, actual: list[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
        return any(mount.source == host_config_dir for mount in actual)


class LooksAtTargetsAlone(ReferenceManager):
    def mounts_match(self, actual: list[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
        return {container_config_dir, container_config_dir / "projects"} <= {mount.target for mount in actual}


class ComparesLists(ReferenceManager):
    def mounts_match(self, actual: list[Mount], host_config_dir: Path, container_config_dir: Path) -> bool:
        return actual == self.mount_plan(host_config_dir, container_config_dir)


# ---------------------------------------------------------------- BND-04


class StoresWhatTheStreamNamesDispatch(Dispatch):
    def _written_id(self, answer: Answer, start: Start, cwd: Path) -> str | None:
        return next(iter(answer.session_ids()), None)


class ClaimsUnsavedTurnsDispatch(Dispatch):
    def run(
        self, conversation: Conversation, row: Row | None, prompt: str, timeout_s: float, lease: Lease
    ) -> DispatchResult:
        result = super().run(conversation, row, prompt, timeout_s, lease)
        if row and result.ok and result.session_id is None:
            return DispatchResult(True, row.session_id, True, result.text)
        return result


class SaysNothingDispatch(Dispatch):
    def run(
        self, conversation: Conversation, row: Row | None, prompt: str, timeout_s: float, lease: Lease
    ) -> DispatchResult:
        return replace(super().run(conversation, row, prompt, timeout_s, lease), warnings=())


class StoresWhatTheStreamNames(ReferenceManager):
    dispatch_type = StoresWhatTheStreamNamesDispatch


class ClaimsUnsavedTurns(ReferenceManager):
    dispatch_type = ClaimsUnsavedTurnsDispatch


class SaysNothing(ReferenceManager):
    dispatch_type = SaysNothingDispatch


# ---------------------------------------------------------------- BND-05


class BindsAnotherProjects(ReferenceManager):
    def mount_plan(self, host_config_dir: Path, container_config_dir: Path) -> list[Mount]:
        place = container_config_dir / "projects"
        plan = super().mount_plan(host_config_dir, container_config_dir)
        return [replace(m, source=host_config_dir / "state") if m.target == place else m for m in plan]


class StoreUntilTheRestart(SessionStore):
    def __init__(self, path: Path) -> None:
        super().__init__(path.with_name(f"{path.name}.{os.urandom(8).hex()}"))


class ForgetsAtARestart(ReferenceManager):
    store_type = StoreUntilTheRestart


# ---------------------------------------------------------------- BND-06


class AsksForThePermission(ReferenceManager):
    def check_persistence(self) -> list[str]:
        projects = self.environment.config_dir / "projects"
        return [] if projects.is_dir() and os.access(projects, os.W_OK) else ["not writable"]


class LooksAlone(ReferenceManager):
    def check_persistence(self) -> list[str]:
        return [] if (self.environment.config_dir / "projects").is_dir() else ["missing"]


class WritesAsWhoeverAsks(ReferenceManager):
    def check_persistence(self) -> list[str]:
        probe = self.environment.config_dir / "projects" / f".probe-{os.urandom(4).hex()}"
        try:
            probe.write_bytes(bytes(1 << 16))
        except OSError as error:
            return [str(error)]
        finally:
            if probe.parent.is_dir():
                probe.unlink(missing_ok=True)
        return []


class AlwaysAlarmed(ReferenceManager):
    def check_persistence(self) -> list[str]:
        return [*super().check_persistence(), "who knows?"]


# ---------------------------------------------------------------- BND-07


class LeavesItsProbe(ReferenceManager):
    def check_persistence(self) -> list[str]:
        problems = super().check_persistence()
        if not problems:
            (self.environment.config_dir / "projects" / ".probe").touch()
        return problems


class MakesWhatIsMissing(ReferenceManager):
    def check_persistence(self) -> list[str]:
        problems = super().check_persistence()
        projects = self.environment.config_dir / "projects"
        if not projects.exists():
            projects.mkdir()
        return problems


class LeavesItsProbeWhenItFails(ReferenceManager):
    def check_persistence(self) -> list[str]:
        probe = self.environment.config_dir / "projects" / f".probe-{os.urandom(4).hex()}"
        problems = super().check_persistence()
        try:
            probe.write_bytes(bytes(1 << 16))
            probe.unlink()
        except OSError as error:
            problems.append(str(error))
        return problems


# ---------------------------------------------------------------- BND-08


class ChecksProjectsAlone(ReferenceManager):
    def check_persistence(self) -> list[str]:
        return binds.persistence_problems(self.environment.config_dir, Path("no-such-program"), {})


class WantsDebugOfAll(ReferenceManager):
    def check_persistence(self) -> list[str]:
        debug = self.environment.config_dir / "debug"
        writable = os.access(debug if debug.is_dir() else debug.parent, os.W_OK)
        return super().check_persistence() + ([] if writable else ["debug/ cannot be written"])


BROKEN = [
    Broken("BND-01", BindsTheConfigDirAlone, "one mount at"),
    Broken("BND-01", BindsAllReadWrite, "one mount at"),
    Broken("BND-01", BindsTheCredentialsReadWrite, "a write to", subtle="right id, wrong file"),
    Broken("BND-02", PreparesForRoot, "of user 65534, writable for that user", subtle="in one place"),
    Broken("BND-02", PreparesProjectsAlone, "a directory session-env/"),
    Broken("BND-02", PreparesAnew, "with a conversation in it (number 2)", subtle="the first time"),
    Broken("BND-02", PreparesOnce, "FileExistsError", subtle="the first time"),
    Broken("BND-03", LooksAtTheConfigDirAlone, "/projects ro"),
    Broken("BND-03", LooksAtTargetsAlone, "/another/projects at", subtle="right id, wrong file"),
    Broken("BND-03", ComparesLists, "/srv/repositories at /work rw", subtle="when alone"),
    Broken("BND-04", StoresWhatTheStreamNames, "a first dispatch with a read-only projects/"),
    Broken(
        "BND-04",
        ClaimsUnsavedTurns,
        "a second dispatch of a conversation, with projects/ read-only since",
        subtle="the first time",
    ),
    Broken("BND-04", SaysNothing, "the warning 'not_resumable:'"),
    Broken("BND-05", BindsAnotherProjects, "with the planned mounts"),
    Broken("BND-05", ForgetsAtARestart, "the third dispatch, after a restart", subtle="until a restart"),
    Broken("BND-06", AsksForThePermission, "a projects/ that is full-disk", subtle="one form of several"),
    Broken("BND-06", LooksAlone, "a projects/ that is read-only"),
    Broken("BND-06", WritesAsWhoeverAsks, "a projects/ that is made-by-the-engine", subtle="in one place"),
    Broken("BND-06", AlwaysAlarmed, "a config dir that is prepared"),
    Broken("BND-07", LeavesItsProbe, "a persistence check that found nothing"),
    Broken(
        "BND-07", MakesWhatIsMissing, "a persistence check of a projects/ that is missing", subtle="one form of several"
    ),
    Broken(
        "BND-07",
        LeavesItsProbeWhenItFails,
        "a persistence check of a projects/ that is full-disk",
        subtle="until something fails",
    ),
    Broken("BND-08", ChecksProjectsAlone, "claude 2.1.50, in a read-only config dir"),
    Broken("BND-08", WantsDebugOfAll, "claude 2.1.112, in a read-only config dir", subtle="one form of several"),
]
