"""stdin as a stream of messages, as the SDKs drive the program."""

from __future__ import annotations

import json
from typing import Any

from ..run import Running
from ..scenario import scenario
from ..stage import STREAM, STREAM_IN, Stage


def _message(text: Any) -> str:
    message = {"role": "user", "content": text}
    return json.dumps({"type": "user", "message": message, "parent_tool_use_id": None, "session_id": "default"})


def _control(subtype: str, number: int, **values: Any) -> str:
    request = {"subtype": subtype, **values}
    return json.dumps({"type": "control_request", "request_id": f"r{number}", "request": request})


def _begin(stage: Stage, *words: str) -> Running:
    return stage.begin("-p", *STREAM_IN, *STREAM, *words, talk=True)


@scenario("stream_turns", "three turns over stdin, each after the answer to the one before")
def turns(stage: Stage) -> None:
    running = _begin(stage)
    for number in (1, 2, 3):
        running.send(_message(f"message {number}"))
        running.wait_for("result", number)
    running.close()
    ran = stage.ended("turns", running)
    stage.claude("--resume", ran.session_id, step="resume")


@scenario("stream_resume", "two turns over stdin in a resumed conversation")
def resume(stage: Stage) -> None:
    running = _begin(stage, "--resume", stage.conversation())
    for number in (1, 2):
        running.send(_message(f"message {number}"))
        running.wait_for("result", number)
    running.close()
    stage.ended("turns", running)


@scenario("stream_blocks", "a message of content blocks over stdin")
def blocks(stage: Stage) -> None:
    running = _begin(stage)
    running.send(_message([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]))
    running.wait_for("result")
    running.close()
    stage.ended("turn", running)


@scenario("stream_nothing", "stdin as a stream that ends at once")
def nothing(stage: Stage) -> None:
    running = _begin(stage)
    running.close()
    stage.ended("start", running)


@scenario("stream_dead_id", "a dead id with a stream on stdin")
def dead(stage: Stage) -> None:
    running = _begin(stage, "--resume", "11111111-1111-4111-8111-111111111111")
    running.send(_message("hello"))
    running.wait_for("result")
    running.close()
    stage.ended("start", running)


@scenario("stream_garbage", "a line on stdin that is no JSON")
def garbage(stage: Stage) -> None:
    running = _begin(stage)
    running.send("this is no JSON")
    running.close()
    stage.ended("start", running)


@scenario("stream_interrupt", "an interrupt asked for over stdin in a turn, then another turn and a resume")
def interrupt(stage: Stage) -> None:
    with stage.held("wait", streamed=True) as held:
        running = _begin(stage)
        running.send(_control("initialize", 1))
        if not running.wait_for("control_response"):
            stage.ended("turns", running)
            return
        running.send(_message("wait"))
        held.wait()
        running.wait_for("system/init")
        stage.quiet()
        running.send(_control("interrupt", 2))
        running.wait_for("result")
        held.open()
        running.send(_message("go on"))
        running.wait_for("result", 2)
        running.close()
        ran = stage.ended("turns", running)
    stage.claude("--resume", ran.session_id, step="resume")


@scenario("stream_replay", "--replay-user-messages")
def replay(stage: Stage) -> None:
    running = _begin(stage, "--replay-user-messages")
    running.send(_message("hello"))
    running.wait_for("result")
    running.close()
    stage.ended("turn", running)


@scenario("stream_partial", "--include-partial-messages")
def partial(stage: Stage) -> None:
    stage.claude("--include-partial-messages", step="turn")
