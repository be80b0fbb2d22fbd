"""Ids that a caller chooses: --session-id, alone and with other options."""

from __future__ import annotations

from ..scenario import scenario
from ..stage import Stage
from .starting import DEAD, NEW

FIVE = "7708c591-5e83-52a5-aa90-d9dd59e528d7"
UPPER = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"


@scenario("session_id", "--session-id of a new UUID, and a resume of it")
def session_id(stage: Stage) -> None:
    first = stage.claude("--session-id", NEW, step="start")
    if first.status == 0:
        stage.claude("--resume", NEW, step="resume")


@scenario("session_id_in_use", "--session-id of a conversation that exists, no process running")
def in_use(stage: Stage) -> None:
    stage.claude("--session-id", stage.conversation(), step="start")


@scenario("session_id_in_use_other_cwd", "the same from another working directory")
def in_use_other_cwd(stage: Stage) -> None:
    first = stage.conversation()
    other = stage.disk / "other"
    other.mkdir()
    stage.settle()
    stage.claude("--session-id", first, step="start", cwd=other)


@scenario("session_id_bad", "--session-id of what is no UUID")
def bad(stage: Stage) -> None:
    stage.claude("--session-id", "notauuid", step="start")


@scenario("session_id_v5", "--session-id of a version-5 UUID")
def version_five(stage: Stage) -> None:
    stage.claude("--session-id", FIVE, step="start")


@scenario("session_id_upper", "--session-id of a UUID in upper case, then a resume of it in lower case")
def upper(stage: Stage) -> None:
    first = stage.claude("--session-id", UPPER, step="start")
    if first.status == 0:
        stage.claude("--resume", UPPER.lower(), step="resume in lower case")
        stage.claude("--resume", UPPER, step="resume in upper case")


@scenario("resume_upper", "--resume of a conversation with its id in upper case")
def resume_upper(stage: Stage) -> None:
    stage.claude("--resume", stage.conversation().upper(), step="resume")


@scenario("resume_not_uuid", "--resume of what is no UUID")
def not_uuid(stage: Stage) -> None:
    stage.claude("--resume", "notauuid", step="resume")


@scenario("resume_without_id", "--resume without a value")
def without_id(stage: Stage) -> None:
    stage.start("-p", "hello", "--output-format", "stream-json", "--verbose", "--resume", step="resume")


@scenario("session_id_with_resume", "--session-id together with --resume")
def with_resume(stage: Stage) -> None:
    stage.claude("--resume", stage.conversation(), "--session-id", NEW, step="start")


@scenario("session_id_with_fork", "--session-id together with --resume and --fork-session")
def with_fork(stage: Stage) -> None:
    stage.claude("--resume", stage.conversation(), "--fork-session", "--session-id", NEW, step="start")


@scenario("session_id_with_continue", "--session-id together with --continue")
def with_continue(stage: Stage) -> None:
    stage.conversation()
    stage.claude("--continue", "--session-id", NEW, step="start")


@scenario("resume_title", "--resume of a title that a conversation was given")
def title(stage: Stage) -> None:
    first = stage.conversation()
    with stage.transcript(first).open("a") as file:
        file.write(f'{{"type":"custom-title","customTitle":"my own title","sessionId":"{first}"}}\n')
    stage.settle()
    stage.claude("--resume", "my own title", step="resume")
    stage.claude("--resume", "another title", step="resume of another")


@scenario("resume_dead_then_fresh", "a dead id, then a start without one")
def dead_then_fresh(stage: Stage) -> None:
    stage.claude("--resume", DEAD, step="resume")
    stage.claude(step="fresh")
