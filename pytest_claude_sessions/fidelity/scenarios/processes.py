"""Several processes, and signals: what they leave on the disk and whether the conversation can be resumed."""

from __future__ import annotations

import json
import signal

from ..run import Ran
from ..scenario import scenario
from ..stage import STREAM, STREAM_IN, Stage
from .starting import NEW


def _during(stage: Stage, number: signal.Signals, *words: str) -> Ran:
    with stage.held() as held:
        running = stage.begin("-p", "hello", *STREAM, *words)
        held.wait()
        running.wait_for("system/init")
        stage.quiet()
        running.signal(number)
        return stage.ended("signal", running)


def _enter(name: str) -> None:
    number = signal.Signals[f"SIG{name}"]

    @scenario(f"sig{name.lower()}_during", f"SIG{name} during the turn of a new conversation, then a resume")
    def during(stage: Stage) -> None:
        ran = _during(stage, number)
        stage.subject.clear()
        if ran.session_id:
            stage.claude("--resume", ran.session_id, step="resume")

    @scenario(f"sig{name.lower()}_resumed", f"SIG{name} during the turn of a resumed conversation, then a resume")
    def resumed(stage: Stage) -> None:
        session_id = stage.conversation()
        ran = _during(stage, number, "--resume", session_id)
        stage.subject.clear()
        if ran.session_id:
            stage.claude("--resume", ran.session_id, step="resume")

    @scenario(f"sig{name.lower()}_before", f"SIG{name} before a turn, while the program waits for a message")
    def before(stage: Stage) -> None:
        running = stage.begin("-p", *STREAM_IN, *STREAM, talk=True)
        running.send(json.dumps({"type": "control_request", "request_id": "r1", "request": {"subtype": "initialize"}}))
        running.wait_for("control_response")
        stage.quiet()
        running.signal(number)
        stage.ended("signal", running)


for _name in ("INT", "TERM", "HUP", "KILL"):
    _enter(_name)


@scenario("concurrent_session_id", "--session-id twice at once: the second starts in the first one's turn")
def concurrent_start(stage: Stage) -> None:
    with stage.held("one") as held:
        running = stage.begin("-p", "one", *STREAM, "--session-id", NEW)
        if not running.wait_for("system/init") or not running.alive:
            stage.ended("first", running)
            return
        held.wait()
        stage.quiet()
        stage.claude("--session-id", NEW, step="second", prompt="two")
        held.open()
        stage.ended("first", running)


@scenario("concurrent_resume", "--resume twice at once: the second is answered in the first one's turn; then a third")
def concurrent_resume(stage: Stage) -> None:
    session_id = stage.conversation()
    with stage.held("one") as held:
        running = stage.begin("-p", "one", *STREAM, "--resume", session_id)
        held.wait()
        stage.quiet()
        stage.claude("--resume", session_id, step="second", prompt="two")
        held.open()
        first = stage.ended("first", running)
    stage.claude("--resume", first.session_id, step="third", prompt="three")


@scenario("running_file", "the registry of running processes, during a turn and afterwards")
def running_file(stage: Stage) -> None:
    with stage.held() as held:
        running = stage.begin("-p", "hello", *STREAM)
        held.wait()
        running.wait_for("system/init")
        stage.quiet()
        for path in sorted((stage.config_dir / "sessions").glob("*.json")):
            value = json.loads(path.read_text() or "{}")
            stage.note(
                "during",
                keys=sorted(value),
                status=value.get("status"),
                kind=value.get("kind"),
                own=value.get("pid") == int(path.stem),
            )
        held.open()
        stage.ended("start", running)
    stage.note("after", left=[path.name for path in (stage.config_dir / "sessions").glob("*.json")])
