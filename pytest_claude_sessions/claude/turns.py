"""One turn: the records and frames between a prompt and its result."""

from __future__ import annotations

import time

from . import frames
from .conversation import GO_ON, NO_ANSWER, Conversation
from .events import tell
from .forms import new_uuid
from .opening import fork_records
from .transcript import Turn, dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .api_errors import ApiError
    from .playing import Player
    from .program import Program

STOP_BLOCKS = 8
GO_ON_BLOCKS = [{"type": "text", "text": GO_ON}]
ANSWER_AMONG_EVENTS = 3  # in every release the answer comes before the event that closes its block
_ABOUT_HISTORY = ("since_last", "context_tokens", "cache_expired", "cache_write")


class Turns:
    """Runs the turns of one start, one after the other.

    :param program: the start.
    :ivar number: how many turns there were.
    :ivar busy: whether one is under way.
    :ivar replay: the host's message that is to be printed again before the answer, None for none.
    :ivar denials: tool uses of this turn that were not allowed, as its result lists them.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self.number = 0
        self.busy = False
        self.prompt_id: str | None = None
        self._blocks = 0
        self._context = 0
        self._joined = 0
        self.replay: dict[str, Any] | None = None
        self.denials: list[dict[str, Any]] = []
        self._under_way: Turn | None = None
        self._written: list[Any] = []
        steps = program.steps
        self._shown: str | None = new_uuid() if "ephemeral_all" in steps else None

    def run(self, prompt: str | list[Any], text: str) -> bool:
        """Answer a prompt.

        :param prompt: as it goes into the transcript, a text or content blocks.
        :param text: the prompt's text, for the journal.
        :returns: Whether the turn ended without an error.
        """
        program = self._program
        steps = program.steps
        program.journal.prompt(text)
        self.number += 1
        self.busy = True
        self._under_way = None
        self.denials, self._tools_used = [], 0
        self._begun_ids: list[str] = []
        began = time.monotonic()
        hook_id = new_uuid()
        stranger = new_uuid()
        if "ephemeral_hook" in steps:
            event, name = "SessionStart", "SessionStart:startup"
            program.out.frame(frames.hook_started(session_id=stranger, event=event, name=name, hook_id=hook_id))
            program.out.frame(frames.hook_response(session_id=stranger, event=event, name=name, hook_id=hook_id))
        if self.number == 1:
            program.finder.make_project()
            if program.session.title is not None and program.behaviour["titles"]["frame"]:
                program.out.frame(frames.title_changed(session_id=self._named(), title=program.session.title))
            tell(program, "SessionStart", **self._start_values())
        self.prompt_id = new_uuid()
        self._blocks = 0
        if program.player is not None and program.player.goes_on:
            return self._played(program.player, prompt)
        tell(program, "UserPromptSubmit", prompt=text, prompt_id=self.prompt_id)
        program.init(new_uuid() if "ephemeral_init" in steps else self._named())
        if "reset" in steps and self.number == 1:
            self._reset()
        steps.at("init")
        turn = self._under_way = self._begin(prompt)
        steps.at("turn")
        error = program.api_error()
        ok = error is None
        result = self._answered(turn) if error is None else self._failed(turn, error)
        steps.at("end")
        result["duration_ms"] = max(int((time.monotonic() - began) * 1000), 1)
        if self.denials:
            result["permission_denials"] = self.denials
        if program.behaviour["begun_ids"] and program.arguments.has("include-partial-messages"):
            from .optional_frames import with_begun

            result = with_begun(result, self._begun_ids)
        program.out.frame(result)
        if "ephemeral_hook" in steps:
            program.out.frame(frames.hook_response(session_id=stranger, event="Stop", name="Stop", hook_id=hook_id))
        program.running.say("idle", program.clock.now())
        self.busy = False
        return ok

    def interrupted(self, streaming: bool = False, in_tool: bool = False) -> None:
        """Leave behind what the release does when a turn is interrupted.

        :param streaming: the host asked for it over stdin, where the turn ends with a result; otherwise by SIGINT.
        :param in_tool: it did so instead of allowing a tool use.
        """
        program = self._program
        rules = program.behaviour["interrupt"]
        now = program.clock.now()
        uuid = new_uuid()
        turn = self._under_way
        if turn is not None and (rules["record"] or streaming):
            content = [{"type": "text", "text": frames.interrupted_text(in_tool)}]
            late = turn.late_records()
            self._write([*late, turn.record("user", {"uuid": uuid, "prompt": content})])
        if rules["frame"] or streaming:
            program.out.frame(frames.interrupted(session_id=self._named(), now=now, uuid=uuid, in_tool=in_tool))
        if rules["result"] or streaming:
            result = frames.interrupt_result(program.release, session_id=self._named(), in_tool=in_tool)
            result["permission_denials"] = self.denials
            program.out.frame(result)
        if not streaming:
            self.signalled()
        self._remember()
        program.running.say("idle", now)
        self.busy = False

    def note(self, text: str) -> None:
        """Write a command that was typed, which the model is not asked about."""
        turn = self._turn(text, self._program.clock.now())
        record = turn.record("user")
        self._program.session.append([record])
        self._program.session.history = Conversation([record], [record], True, False)

    def signalled(self) -> None:
        """Write the records that the release adds when a signal ends it during a turn."""
        program = self._program
        turn = self._under_way
        if turn is not None:
            program.session.append([turn.record(name) for name in program.behaviour["signal_records"]])

    def _named(self) -> str:
        return self._shown or self._program.session.id

    def _turn(self, prompt: str | list[Any], now: float) -> Turn:
        program = self._program
        history = program.session.history
        turn = Turn(
            program.release,
            session_id=program.session.id,
            cwd=program.cwd,
            prompt=prompt,
            now=now,
            parent=history.leaf,
            number=len(history.turns) + 1,
            model=program.model,
            permission_mode=program.permission_mode,
        )
        turn.origin = program.origin
        return turn

    def _begin(self, prompt: str | list[Any]) -> Turn:
        program = self._program
        session = program.session
        history = session.history
        self.messages = history.sent(program.release, program.cwd)
        # What the release puts before a conversation that begins with an answer is no turn.
        begins_answered = bool(history.messages) and history.messages[0][0] == "assistant"
        self._context = int(program.behaviour["reader"]["context_first"]) if begins_answered else 0
        self._joined = history.joined + bool(history.messages and history.messages[-1][0] == "user")
        program.journal.entry.update(session_id=session.id, messages=self.messages)
        now = program.clock.now()
        turn = self._turn(prompt, now)
        turn.values["prompt_id"] = self.prompt_id
        self._made_up: list[Any] = []
        if history.dangling:
            # The unanswered prompt gets an answer in the file first, and the new one follows that.
            made_turn = self._turn(GO_ON_BLOCKS, now)
            if history.failed:
                # After a request that failed the release asks itself to go on before it makes an answer up.
                self._made_up.append({**made_turn.record("user"), "isMeta": True})
            made_up = {"reply": NO_ANSWER, "message_id": new_uuid(), "model": "<synthetic>"}
            self._made_up.append(made_turn.record("assistant", made_up))
            turn.leaf = self._made_up[-1]["uuid"]
        self._written = []
        self._begun = False
        session.append(fork_records(program, turn) if session.copies else self._title_records())
        self._write(turn.prompt_records())
        program.running.say("busy", program.clock.now(), session.id)
        program.journal.save()
        return turn

    def _write(self, records: list[Any]) -> None:
        """Append records, the copied and made-up ones just before the first that hangs on them."""
        at = next((i for i, record in enumerate(records) if "parentUuid" in record), None)
        copies: list[Any] = []
        if at is not None and not self._begun:
            self._begun = True
            copies = self._program.session.copies
            records = [*records[:at], *self._made_up, *records[at:]]
        self._written += records
        self._program.session.append([*records[:at], *copies, *records[at:]] if copies else records)

    def _answered(self, turn: Turn) -> dict[str, Any]:
        program = self._program
        steps = program.steps
        uuid = new_uuid()
        if "uses_tool" in steps and self.number == 1:
            from .tool_use import ToolUse

            ToolUse(program, turn, steps.steps["uses_tool"], self._named(), self._write).happen(self.denials)
            self.messages += 2
            self._tools_used += 1
        reply = f"reply to {self.messages} messages"
        if "reply" in steps:
            reply = str(steps.option("reply", "text", reply))
        turn.at(program.clock.now())
        records = turn.answer_records(reply, uuid=uuid)
        if "torn_write" in steps or "disk_full" in steps:
            at = next(i for i, record in enumerate(records) if record.get("type") == "assistant")
            self._write(records[:at])
            steps.cut_short(program.session, dump(records[at]), program.clock)
        self._write([*records, *self._title_records()])
        self._remember()
        self._say(reply, uuid)
        for block in range(STOP_BLOCKS):
            wanted = tell(program, "Stop", again=block > 0, reply=reply, prompt_id=turn.values["prompt_id"])
            if wanted is None:
                break
            reply = self._goes_on(wanted)
        return frames.result(
            program.release,
            session_id=self._named(),
            text=reply,
            model=program.model,
            num_turns=self._num_turns(),
        )

    def _goes_on(self, wanted: str) -> str:
        """A Stop hook does not let the turn end: what it says is answered like a prompt."""
        program = self._program
        rules = program.behaviour["hook_life"]
        fed_back = frames.fed_back(session_id=self._named(), text=wanted, now=program.clock.now())
        if not rules["synthetic"]:
            del fed_back["isSynthetic"]
        program.out.frame(fed_back)
        if program.hook_trouble:
            program.out.frame(frames.stop_hook_trouble(session_id=self._named()))
        self._blocks += 1
        turn = self._turn(wanted, program.clock.now())
        self.messages = program.session.history.sent(program.release, program.cwd)
        reply = f"reply to {self.messages} messages"
        uuid = new_uuid()
        early = [] if turn.prompt_comes_late else [turn.record("user")]
        records = [*early, *turn.answer_records(reply, uuid=uuid)]
        if rules["meta"]:
            records = [{**r, "isMeta": True} if r.get("type") == "user" else r for r in records]
        self._written = []
        self._write(records)
        self._remember()
        self._say(reply, uuid)
        return reply

    def _played(self, player: Player, prompt: str | list[Any]) -> bool:
        """A turn that a recording tells, with the records of a plain one."""
        program = self._program
        turn = self._under_way = self._begin(prompt)
        reply, ok = player.turn()
        turn.at(program.clock.now())
        self._write(turn.answer_records(reply))
        self._remember()
        program.running.say("idle", program.clock.now())
        self.busy = False
        return ok

    def _say(self, reply: str, uuid: str) -> None:
        """Print an answer."""
        program = self._program
        out, named, model = program.out, self._named(), program.model
        now = program.clock.now()
        if self.replay is not None:
            from .optional_frames import replayed

            again = replayed(self.replay, session_id=named, now=now)
            if not program.behaviour["marks_replays"]:
                del again["isReplay"]
            out.frame(again)
            self.replay = None
        events: list[dict[str, Any]] = []
        if program.arguments.has("include-partial-messages"):
            from .optional_frames import partial

            events = partial(program.release, session_id=named, text=reply, model=model)
            self._begun_ids.append(events[0]["event"]["message"]["id"])
        answer = frames.assistant(program.release, session_id=named, text=reply, now=now, model=model, uuid=uuid)
        at = ANSWER_AMONG_EVENTS
        for frame in [*events[:at], answer, *events[at:]]:
            out.frame(frame)

    def _failed(self, turn: Turn, error: ApiError) -> dict[str, Any]:
        program = self._program
        uuid = new_uuid()
        turn.at(program.clock.now())
        if error.event is not None:
            program.out.frame(frames.rate_limit_event(session_id=self._named(), info=error.event))
        late = turn.late_records()
        values = {"reply": error.text, "message_id": new_uuid(), "uuid": uuid, **error.values}
        records = [*late, turn.record("api_error", values), *turn.after_error()]
        self._write(records)
        self._remember()
        program.out.frame(
            frames.api_error(
                program.release,
                error.values,
                session_id=self._named(),
                text=error.text,
                now=program.clock.now(),
                uuid=uuid,
            )
        )
        tell(program, "StopFailure", error=error.values["error"], reply=error.text, prompt_id=self.prompt_id)
        return frames.api_error_result(
            program.release,
            error.values,
            session_id=self._named(),
            text=error.text,
            num_turns=self._num_turns(),
        )

    def _title_records(self) -> list[dict[str, Any]]:
        """The title by which the conversation was found, where the release writes it again."""
        session = self._program.session
        if session.title is None or not self._program.behaviour["titles"]["record"]:
            return []
        return [{"type": "custom-title", "customTitle": session.title, "sessionId": session.id}]

    def _num_turns(self) -> int:
        if self._program.behaviour["num_turns"] == "messages":
            return self.messages - self._context + self._joined
        return 1 + self._tools_used + (self._blocks if self._program.behaviour["hook_life"]["counts"] else 0)

    def _start_values(self) -> dict[str, Any]:
        """What a SessionStart hook is told."""
        program = self._program
        history = program.session.history
        if not history.chain:
            return {**dict.fromkeys(_ABOUT_HISTORY), "source": "startup"}
        return {
            "source": "resume",
            "since_last": 1,
            "context_tokens": sum([len(text) for _, text in history.messages]),
            "cache_expired": False,
            "cache_write": 0.01,
        }

    def _remember(self) -> None:
        """The next turn of this start follows what was written in this one."""
        session = self._program.session
        linked = [record for record in self._written if "parentUuid" in record]
        session.history = Conversation(
            [*session.history.records, *self._written], [*session.history.chain, *linked], True, False
        )
        session.copies = []
        self._written = []

    def _reset(self) -> None:
        """The conversation is replaced inside the turn: the frames from here on name a new one."""
        program = self._program
        if program.behaviour["reset_frame"]:
            program.out.frame(frames.conversation_reset(session_id=self._named(), now=program.clock.now()))
        program.session = program.finder.new()
        program.init(self._named())
