"""A conversation begins, and goes on."""

from __future__ import annotations

from ..scenario import scenario
from ..stage import Stage

DEAD = "11111111-1111-4111-8111-111111111111"
NEW = "44444444-4444-4444-8444-444444444444"


@scenario("fresh", "a prompt in an empty config directory")
def fresh(stage: Stage) -> None:
    stage.all_types = True
    stage.claude(step="fresh")


@scenario("second_fresh", "another prompt beside a conversation")
def second_fresh(stage: Stage) -> None:
    stage.conversation()
    stage.claude(step="second")


@scenario("resume", "--resume of a conversation, twice")
def resume(stage: Stage) -> None:
    first = stage.conversation()
    again = stage.claude("--resume", first, step="resume")
    stage.note("resume", same_id=again.session_id == first)
    stage.claude("--resume", again.session_id, step="resume again")


@scenario("resume_unknown", "--resume of an id that has no transcript")
def resume_unknown(stage: Stage) -> None:
    stage.claude("--resume", DEAD, step="resume")


@scenario("continue", "--continue beside a conversation of two turns")
def goes_on(stage: Stage) -> None:
    last = stage.conversation(2)
    again = stage.claude("--continue", step="continue")
    stage.note("continue", same_id=again.session_id == last)


@scenario("continue_nothing", "--continue in a directory without sessions")
def continue_nothing(stage: Stage) -> None:
    stage.claude("--continue", step="continue")


@scenario("fork", "--resume with --fork-session, and a resume of the fork")
def fork(stage: Stage) -> None:
    first = stage.conversation(2)
    forked = stage.claude("--resume", first, "--fork-session", step="fork")
    if forked.status == 0:
        stage.claude("--resume", forked.session_id, step="resume of the fork")


@scenario("resume_other_cwd", "--resume from another working directory")
def resume_other_cwd(stage: Stage) -> None:
    first = stage.conversation()
    other = stage.disk / "other"
    other.mkdir()
    stage.settle()
    stage.claude("--resume", first, step="resume", cwd=other)


@scenario("continue_other_cwd", "--continue from another working directory")
def continue_other_cwd(stage: Stage) -> None:
    stage.conversation()
    other = stage.disk / "other"
    other.mkdir()
    stage.settle()
    stage.claude("--continue", step="continue", cwd=other)
