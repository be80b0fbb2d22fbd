"""The program in a real terminal: what a session manager finds of a person's conversations.

Written for the releases that keep `sessions/`; the older ones are not played here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..claude.release import Release
from .scenario import CannotPlay, scenario
from .stage import STREAM, Stage
from .terminal import Terminal

KEY_END = 20
_RUNNING = ("sessionId", "cwd", "kind", "entrypoint", "status")


class Person:
    """Somebody at a terminal with the program in it."""

    def __init__(self, stage: Stage) -> None:
        if Release.of(stage.subject.release).behaviour["running_file"] is None:
            raise CannotPlay(f"{stage.subject.release} keeps no sessions/, which these scenarios watch")
        self.stage = stage
        self._welcome()
        self.terminal = Terminal(stage.subject.argv, stage.env, stage.cwd, stage.root)
        try:
            self.terminal.wait_for("sessions/<pid>.json", self.running)
            self.terminal.wait_for_prompt()
        except BaseException:
            self.terminal.close()
            raise

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *raised: object) -> None:
        self.terminal.close()

    def running(self) -> dict[str, Any]:
        """The entry of the registry of running programs; empty while there is none."""
        for path in self.stage.config_dir.glob("sessions/*.json"):
            try:
                entry: dict[str, Any] = json.loads(path.read_text())
            except (OSError, ValueError):
                continue
            return entry
        return {}

    def history(self) -> list[dict[str, Any]]:
        """The lines of `history.jsonl`."""
        path = self.stage.config_dir / "history.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def asks(self, prompt: str) -> None:
        """Type a prompt and wait until it is answered and the program is idle."""
        before = self._replies()
        self.terminal.type(prompt)
        self.terminal.wait_for(f"the answer to {prompt!r}", lambda: self._replies() > before)
        self.terminal.wait_for("the end of the turn", self._is_idle)

    def note(self, step: str) -> None:
        """Keep the registry and the history as a step; what a transcript says is not compared here."""
        self.stage.quiet()
        running, history = self.running(), self.history()
        for entry in (*history, running):
            if entry.get("sessionId"):
                self.stage.named(entry["sessionId"])
        transcripts = sorted(path.stem for path in self.stage.config_dir.glob("projects/*/*.jsonl"))
        known = [line["sessionId"] for line in history]
        self.stage.note(
            step,
            running={key: running[key] for key in _RUNNING if key in running},
            running_keys=sorted(running),
            history=[{key: value for key, value in line.items() if key != "timestamp"} for line in history],
            history_keys=sorted({key for line in history for key in line}),
            transcripts=len(transcripts),
            unknown_transcripts=[name for name in transcripts if name not in (*known, running.get("sessionId"))],
            mode=_mode(self.stage.config_dir / "history.jsonl"),
        )

    def _is_idle(self) -> bool:
        entry = self.running()
        return bool(entry) and entry.get("status", "idle") == "idle"

    def _replies(self) -> int:
        return sum(
            line.count('"type":"assistant"')
            for path in self.stage.config_dir.glob("projects/*/*.jsonl")
            for line in path.read_text().splitlines()
        )

    def _welcome(self) -> None:
        """What a person has answered once and for all at the first start."""
        key = self.stage.env.get("ANTHROPIC_API_KEY", "")
        trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        state = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [key[-KEY_END:]], "rejected": []},
            "projects": {str(self.stage.cwd): trusted},
        }
        (self.stage.config_dir / ".claude.json").write_text(json.dumps(state))
        self.stage.settle()


def _mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}" if path.exists() else "none"


@scenario("terminal_prompts", "two prompts typed in a terminal: registry, history, transcripts, and the end by /exit")
def prompts(stage: Stage) -> None:
    with Person(stage) as person:
        person.note("start")
        person.asks("first")
        person.note("first prompt")
        person.asks("second")
        person.note("second prompt")
        person.terminal.type("/exit")
        person.terminal.wait_for("the end", lambda: person.terminal.status is not None)
        stage.note("exit", status=person.terminal.status, resume="claude --resume" in person.terminal.screen)
        person.note("exit")


@scenario("terminal_clear", "/clear in a terminal gives the conversation another id")
def clear(stage: Stage) -> None:
    with Person(stage) as person:
        person.asks("first")
        person.note("before")
        person.terminal.type("/clear")
        person.terminal.wait_for("the command's line", lambda: person.history()[-1]["display"] == "/clear")
        person.note("cleared")
        person.asks("second")
        person.note("after")


@scenario("terminal_killed", "the pane of a terminal is killed: the registry, and a resume of the conversation")
def killed(stage: Stage) -> None:
    with Person(stage) as person:
        person.asks("first")
        session_id = person.running()["sessionId"]
        person.note("before")
        person.terminal.kill_pane()
        person.terminal.wait_for("an empty registry", lambda: not person.running())
        person.note("after")
    # The real program tells the model once more of its surroundings here, in a message that the fake does not count.
    ran = stage.begin("-p", "again", *STREAM, "--resume", session_id).wait()
    stage.note("resume", status=ran.status, same_id=ran.session_id == session_id)
