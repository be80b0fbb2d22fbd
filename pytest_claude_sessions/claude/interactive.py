"""The program in a terminal: each line that is typed is a prompt.

A stand-in for the real screen, enough for a tmux window: it says who it is, answers each line, keeps `history.jsonl`
and writes no transcript before the first prompt. `/clear` begins another conversation, `/exit` ends it (measured on
2.1.330 in tmux).
"""

from __future__ import annotations

import os

from .json_text import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .program import Program

_LEAVE = ("/exit", "/quit", "exit")
_CLEAR = "/clear"


def converse(program: Program) -> tuple[str, int]:
    """Answer what is typed until the terminal is closed; returns outcome and exit status."""
    out = program.out
    out.line(f"Claude Code v{program.release.version} · {program.cwd}")
    waiting = list(program.arguments.operands[:1])
    kept = b""
    ok = True
    while True:
        while waiting:
            prompt = waiting.pop(0)
            if not prompt:
                continue
            _remember(program, prompt)
            if prompt in _LEAVE:
                if program.turns.number:
                    out.line(f"\nResume this session with:\nclaude --resume {program.session.id}")
                return program.ending(ok)
            if prompt == _CLEAR:
                _clear(program)
                continue
            ok = program.turns.run(prompt, prompt)
            out.finish()
        os.write(1, b"> ")
        try:
            data = os.read(0, 1 << 16)
        except OSError:  # the terminal was taken away
            data = b""
        if not data:
            return program.ending(ok)
        *lines, kept = (kept + data).split(b"\n")
        waiting = [line.decode("utf-8", "replace").strip() for line in lines]


def registered(program: Program) -> dict[str, str]:
    """What the registry's entry of a program in a terminal has besides those of others, as a form."""
    rules = program.behaviour["terminal"]
    more: dict[str, str] = dict(rules["registry"])
    pane = os.environ.get("TMUX_PANE", "")
    if rules["names_pane"] and pane:
        # "session:@window.%pane"; without asking tmux, a window is taken to have the number of its one pane.
        session = os.environ.get("TMUX", "").rpartition(",")[2]
        more["tmux"] = f"{session}:@{pane[1:]}.{pane}"
    return more


def _clear(program: Program) -> None:
    """Begin another conversation; its transcript begins with the command."""
    program.session = program.finder.new()
    program.turns.note("<command-name>/clear</command-name>")
    program.running.keeps_id = not program.behaviour["terminal"]["clear_registers"]
    program.running.say("idle", program.clock.now(), program.session.id)
    program.journal.entry["session_id"] = program.session.id
    program.journal.save()


def _remember(program: Program, prompt: str) -> None:
    """Write the prompt's line in `history.jsonl` (facts/more-observations.json)."""
    line = {
        "display": prompt,
        "pastedContents": {},
        "timestamp": int(program.clock.now() * 1000),
        "project": program.cwd,
        "sessionId": program.session.id,
    }
    path = os.path.join(program.config_dir, "history.jsonl")
    try:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError:
        return  # without a config dir to write to there is no history
    with open(fd, "w", encoding="utf-8") as file:
        file.write(dumps(line) + "\n")
