"""What is kept and for how long: persistence switched off, retention, users, disks."""

from __future__ import annotations

import os
import shutil
import time

from ...bind.launcher import launch_prefix
from ..namespace import full_disk, read_only
from ..scenario import CannotPlay, scenario
from ..stage import Stage
from .starting import NEW

NOBODY = 65534
_DAY_S = 86400
_OLD, _NEW = "88888888-8888-4888-8888-888888888888", "99999999-9999-4999-8999-999999999999"


@scenario("no_session_persistence", "--no-session-persistence, and a resume of the id that it named")
def no_persistence(stage: Stage) -> None:
    first = stage.claude("--no-session-persistence", step="start")
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume")


@scenario("no_session_persistence_resume", "--resume with --no-session-persistence")
def no_persistence_resume(stage: Stage) -> None:
    stage.claude("--resume", stage.conversation(), "--no-session-persistence", step="resume")


@scenario("skip_prompt_history", "CLAUDE_CODE_SKIP_PROMPT_HISTORY set")
def skip_history(stage: Stage) -> None:
    stage.set_env(CLAUDE_CODE_SKIP_PROMPT_HISTORY="1")
    stage.claude(step="start")


@scenario("child_session", "CLAUDE_CODE_CHILD_SESSION set, as for a claude that claude starts")
def child_session(stage: Stage) -> None:
    stage.set_env(CLAUDE_CODE_CHILD_SESSION="1")
    first = stage.claude(step="start")
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume")


@scenario("inside_claude", "CLAUDECODE set, as in a shell that claude runs")
def inside_claude(stage: Stage) -> None:
    stage.set_env(CLAUDECODE="1")
    stage.claude(step="start")


def _retention(stage: Stage, days: int, managed: bool = False) -> None:
    session_id = stage.conversation()
    project = stage.transcript(session_id).parent
    for name, age in ((_OLD, 5 * _DAY_S), (_NEW, 0)):
        path = project / f"{name}.jsonl"
        shutil.copy(stage.transcript(session_id), path)
        then = time.time() - age
        os.utime(path, (then, then))
    stage.settings({"cleanupPeriodDays": days}, managed=managed)
    stage.claude(step="start")
    stage.note(
        "left",
        old=(project / f"{_OLD}.jsonl").exists(),
        new=(project / f"{_NEW}.jsonl").exists(),
        own=stage.transcript(session_id).exists(),
    )


@scenario("retention_user", "cleanupPeriodDays 1 in settings.json, a transcript five days old and a new one")
def retention_user(stage: Stage) -> None:
    _retention(stage, 1)


@scenario("retention_managed", "cleanupPeriodDays 1 in the managed settings")
def retention_managed(stage: Stage) -> None:
    _retention(stage, 1, managed=True)


@scenario("retention_zero", "cleanupPeriodDays 0")
def retention_zero(stage: Stage) -> None:
    _retention(stage, 0)


@scenario("retention_resumed", "cleanupPeriodDays 1, and the resumed conversation itself is five days old")
def retention_resumed(stage: Stage) -> None:
    session_id = stage.conversation()
    then = time.time() - 5 * _DAY_S
    os.utime(stage.transcript(session_id), (then, then))
    stage.settings({"cleanupPeriodDays": 1})
    stage.claude("--resume", session_id, step="resume")


@scenario("read_only", "the config directory on a read-only mount, and a resume of the id that was named")
def read_only_all(stage: Stage) -> None:
    stage.conversation()
    wrap = read_only(stage.config_dir)
    first = stage.claude(step="start", wrap=wrap)
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume", wrap=wrap)


@scenario("read_only_empty", "an empty config directory on a read-only mount")
def read_only_empty(stage: Stage) -> None:
    stage.claude(step="start", wrap=read_only(stage.config_dir))


@scenario("read_only_projects_writable", "the same with projects/ writable on top")
def read_only_projects(stage: Stage) -> None:
    stage.conversation()
    wrap = read_only(stage.config_dir, writable=stage.config_dir / "projects")
    first = stage.claude(step="start", wrap=wrap)
    if first.session_id:
        stage.claude("--resume", first.session_id, step="resume", wrap=wrap)


@scenario("read_only_resume", "--resume of a conversation whose config directory has become read-only")
def read_only_resume(stage: Stage) -> None:
    session_id = stage.conversation()
    stage.claude("--resume", session_id, step="resume", wrap=read_only(stage.config_dir))


@scenario("full_disk", "--resume on a disk with no space left for a record")
def disk_full(stage: Stage) -> None:
    session_id = stage.conversation()
    with stage.transcript(session_id).open("ab") as file:
        # Blank lines to the end of the page: nothing more fits into the blocks that the file has.
        file.write(b"\n" * (-file.tell() % 4096))
    stage.settle()
    stage.claude("--resume", session_id, step="resume", wrap=full_disk(stage.disk, free_kib=0))
    stage.claude("--resume", session_id, step="resume with space again")


def _without_powers() -> list[str]:
    """Before a program that root starts: permissions hold for it as for anybody."""
    return launch_prefix({"unprivileged": True})


@scenario("other_users_transcript", "a transcript that belongs to another user and may not be read")
def other_user(stage: Stage) -> None:
    if os.geteuid() != 0:
        raise CannotPlay("only root can give a file to another user")
    session_id = stage.conversation()
    path = stage.transcript(session_id)
    path.chmod(0o600)
    os.chown(path, NOBODY, NOBODY)
    stage.settle()
    stage.claude("--resume", session_id, step="resume", wrap=_without_powers())
    stage.claude("--session-id", session_id, step="session id", wrap=_without_powers())
    stage.claude("--continue", step="continue", wrap=_without_powers())
    stage.claude(step="fresh", wrap=_without_powers())


@scenario("transcript_read_only", "a transcript that may be read and not written")
def transcript_read_only(stage: Stage) -> None:
    session_id = stage.conversation()
    stage.transcript(session_id).chmod(0o400)
    stage.settle()
    stage.claude("--resume", session_id, step="resume", wrap=_without_powers())


@scenario("project_name", "CLAUDE_CODE_PROJECT_DIR_NAME set")
def project_name(stage: Stage) -> None:
    stage.set_env(CLAUDE_CODE_PROJECT_DIR_NAME="chosen")
    stage.claude("--session-id", NEW, step="start")
