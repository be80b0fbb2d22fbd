"""Checks of `history` with files that hold anything (HIS-03, HIS-10)."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_claude_sessions.config_dir import HistoryEntry
from pytest_claude_sessions.manager import SessionEntry
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, at_instant, entry_of, ids, minutes_ago, numbered, recorded, typed

A, B, C, ODD = numbered(0xA11CE), numbered(0xB0B), numbered(0xCA201), numbered(0x0DD)
ALPHA = f"{NOWHERE}/alpha"
MIB = 1024 * 1024

# ---------------------------------------------------------------------- HIS-03: lines that are none


def _line(**changes: object) -> bytes:
    """A history line of the conversation ODD, with some of its values replaced; None stands for null."""
    now = int(minutes_ago(15).timestamp() * 1000)
    record = {"display": "odd", "pastedContents": {}, "timestamp": now, "project": ALPHA, "sessionId": ODD}
    return json.dumps({**record, **changes}).encode() + b"\n"


def _lines(key: str, *values: object) -> bytes:
    return b"".join(_line(**{key: value}) for value in values)


def _without(*keys: str) -> bytes:
    record = json.loads(_line())
    return json.dumps({key: value for key, value in record.items() if key not in keys}).encode() + b"\n"


BAD: dict[str, Callable[[], bytes]] = {
    "half-a-line": lambda: _line()[:40] + b"\n",
    "half-a-line-joined-to-a-whole": lambda: _line()[:40] + _line(),
    "two-on-a-line": lambda: _line().strip() + _line(),
    "text": lambda: b"Traceback (most recent call last):\n",
    "other-json": lambda: b'[1,2]\nnull\ntrue\n42\n"text"\n{}\n[]\n',
    "another-programs": lambda: b'{"ts":1762443128,"level":"info","msg":"hello"}\n',
    "blank": lambda: b"\n   \n\r\n\t\n",
    "nul-bytes": lambda: b"\0" * 4096 + b"\n",
    "not-utf-8": lambda: b'{"display":"\xff\xfe\xed\xa0\x80","timestamp":\x80}\n',
    "byte-order-mark": lambda: b"\xef\xbb\xbf" + _line(),
    "carriage-returns": lambda: _line().replace(b"\n", b"\r\n"),
    "lone-surrogates": lambda: _line(display="\ud800 and \udfff"),
    "nested-deeply": lambda: b"[" * 100_000 + b"\n" + b'{"a":' * 100_000 + b"\n",
    "no-id": lambda: _without("sessionId"),
    "no-project": lambda: _without("project"),
    "no-time": lambda: _without("timestamp"),
    "no-prompt": lambda: _without("display"),
    "nothing-but-an-id": lambda: _without("display", "timestamp", "project", "pastedContents"),
    "id-of-a-wrong-type": lambda: _lines("sessionId", 1, None, True, [], {}, 1.5),
    "id-that-is-none": lambda: _lines("sessionId", "", "x", "../../etc", "*", "a\nb", "-e"),
    "time-of-a-wrong-type": lambda: _lines("timestamp", "soon", None, True, [], {}, ""),
    "time-that-is-none": lambda: b"".join(
        _line(timestamp=0).replace(b'"timestamp": 0', b'"timestamp": ' + value)
        for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1", b"0", b"9" * 400, b"1" * 5000)
    ),
    "time-in-seconds": lambda: _line(timestamp=int(minutes_ago(15).timestamp())),
    "time-in-seconds-with-a-fraction": lambda: _line(timestamp=minutes_ago(15).timestamp()),
    "time-in-nanoseconds": lambda: _line(timestamp=int(minutes_ago(15).timestamp() * 1e9)),
    "time-as-text": lambda: _line(timestamp=minutes_ago(15).isoformat()),
    "project-of-a-wrong-type": lambda: _lines("project", 1, None, [], {}, "", "\0"),
    "prompt-of-a-wrong-type": lambda: _lines("display", 1, None, True, [], {}, ["x"]),
    "pasted-contents-of-a-wrong-type": lambda: _lines("pastedContents", 1, None, [], "x"),
    "a-long-line-of-another-program": lambda: b"x" * (16 * MIB) + b"\n",
    "a-long-line-that-never-ends": lambda: b'{"display":"' + b"y" * (16 * MIB) + b"\n",
    "a-long-prompt": lambda: _line(display="z" * (8 * MIB)),
}


def _two_listed(trial: Trial, entries: list[SessionEntry], *, given: str) -> None:
    """Judge that A and B are in a listing, newest first, and nothing that misleads."""
    seen = [session_id for session_id in ids(entries) if session_id in (A, B)]
    trial.equal(seen, [A, B], given=given)
    for session_id, ago in ((A, 10), (B, 20)):
        entry = entry_of(trial, entries, session_id, given=given)
        at_instant(trial, entry, minutes_ago(ago), given=f"{given}: the time of a good line")
    for entry in entries:
        _told_truly(trial, entry, given=given)


def _told_truly(trial: Trial, entry: SessionEntry, *, given: str) -> None:
    """Judge that an entry names a conversation of the file or none, and a time when there was a Claude."""
    first, last = datetime(2024, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(minutes=1)
    aware = isinstance(entry.timestamp, datetime) and entry.timestamp.tzinfo is not None
    known = entry.session_id in (A, B, C, ODD) or (entry.session_id is None and not entry.resumable)
    trial.judge(
        known and isinstance(entry.project, str) and isinstance(entry.display, str),
        given=given,
        expected="entries of conversations of the file, with project and display as texts",
        seen=f"{entry!r:.300}",
    )
    trial.judge(
        aware and first < entry.timestamp < last,
        given=given,
        expected=f"times between {first:%Y-%m-%d} and now",
        seen=f"{entry!r:.300}",
    )


@check("HIS-03", cases=BAD)
def bad_line_is_skipped(trial: Trial, make: Callable[[], bytes]) -> None:
    """A line that is none, between two good ones, before them and at the end, does not keep them from being listed."""
    bad = make()
    trial.config.add_history_lines(bad)
    typed(trial, B, "good prompt 1", project=ALPHA, ago=20)
    trial.config.add_history_lines(bad)
    typed(trial, A, "good prompt 2", project=ALPHA, ago=10)
    trial.config.add_history_lines(bad)
    _two_listed(trial, trial.manager.list_sessions(), given=f"two good lines among lines such as {bad[:60]!r}")


@check("HIS-03")
def every_question_bears_bad_lines(trial: Trial) -> None:
    """Searching, the current conversation and short ids hold among bad lines of every kind."""
    bad = b"".join(make() for name, make in BAD.items() if not name.startswith("a-long"))
    trial.config.add_history_lines(bad)
    typed(trial, B, "good prompt 1", project=ALPHA, ago=20)
    trial.config.add_history_lines(bad)
    typed(trial, A, "good prompt 2", project=f"{NOWHERE}/beta", ago=10)
    trial.config.add_history_lines(bad, b'{"display":"good prompt 3, torn')
    given = "two good lines among bad ones of every kind"
    _two_listed(trial, trial.manager.find_sessions("good prompt"), given=f"{given}, and a search for their prompts")
    current = trial.manager.current_session(Path(f"{NOWHERE}/beta"))
    trial.equal(current and current.session_id, A, given=f"{given}, and the current conversation of one's project")
    trial.equal(trial.manager.resolve_session(B[:8]), B, given=f"{given}, and the short id of one")


@check("HIS-03")
def torn_end_is_mended_by_the_rest(trial: Trial) -> None:
    """A last line that is still being written is passed by, and listed once it is whole."""
    typed(trial, B, "good prompt 1", project=ALPHA, ago=20)
    line = HistoryEntry("good prompt 2", minutes_ago(10), ALPHA, A).line().encode()
    trial.config.add_history_lines(line[:50])
    trial.equal(ids(trial.manager.list_sessions()), [B], given="a good line and half a line")
    trial.config.add_history_lines(line[50:])
    _two_listed(trial, trial.manager.list_sessions(), given="that half line, and then its other half")


@check("HIS-03")
def another_process_appends(trial: Trial) -> None:
    """While lines are appended in halves, each listing has all that was there before it."""
    typed(trial, B, "good prompt 1", project=ALPHA, ago=20)
    typed(trial, A, "good prompt 2", project=ALPHA, ago=10)
    done = threading.Event()

    def append() -> None:
        # A number of lines, not as many as there is time for: they must not be what a slow manager drowns in.
        with open(trial.config.history_path, "ab", buffering=0) as stream:
            for _ in range(500):
                line = HistoryEntry("meanwhile", datetime.now(UTC), ALPHA, C).line().encode()
                stream.write(line[: len(line) // 2])
                ended = done.wait(0.001)
                stream.write(line[len(line) // 2 :])
                if ended:
                    break

    appending = trial.background(append)
    try:
        for _ in range(10):
            entries = trial.manager.list_sessions()
            _two_listed(trial, entries, given="two good lines, and another process that appends")
    finally:
        done.set()
        appending.result()
    entries = trial.manager.list_sessions()
    trial.equal(ids(entries), [C, A, B], given="two good lines and what another process appended, when it is done")


def _no_history(path: Path) -> None:
    path.unlink()


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nothing"))


NO_HISTORY: dict[str, Callable[[Path], None]] = {
    "none": _no_history,
    "directory": _directory,
    "fifo": _fifo,
    "empty": _empty,
    "link-to-nothing": _link_to_nothing,
}


@check("HIS-03", cases=NO_HISTORY)
def history_that_is_no_file(trial: Trial, replace: Callable[[Path], None]) -> None:
    """Where the history is missing, empty or no file at all, the conversations that have a transcript are listed."""
    recorded(trial, A, "good prompt", project=trial.directory("alpha"), ago=10)
    trial.equal(ids(trial.manager.list_sessions()), [A], given="a conversation and its history line")
    replace(trial.config.history_path)
    given = "a conversation whose history is gone or no file"
    entries = trial.manager.list_sessions()
    trial.equal([(e.session_id, e.resumable) for e in entries], [(A, True)], given=given)
    trial.equal(trial.manager.resolve_session(A[:8]), A, given=f"{given}, and its short id")


# ---------------------------------------------------------------------- HIS-10: control characters

CONTROLS = {
    "window-title": "\x1b]0;forged\x07",
    "colours": "\x1b[31mred\x1b[0m",
    "screen-cleared": "\x1b[2J\x1b[H",
    "one-byte-csi": "\x9b31m",
    "new-line": "\n2025-01-01 00:00 | 00000000 | /forged | row",
    "carriage-return": "\rforged",
    "backspaces": "\b\b\b\b",
    "tab": "\t",
    "nul": "\x00",
    "delete": "\x7f",
    "every-one": "".join(map(chr, [*range(0x20), 0x7F, *range(0x80, 0xA0)])),
}


def _no_raw_controls(trial: Trial, entry: SessionEntry | None, *, given: str) -> None:
    display = entry.display if entry is not None else ""
    raw = sorted({f"U+{ord(char):04X}" for char in display if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0})
    trial.judge(not raw, given=given, expected="no control character in display", seen=f"{', '.join(raw)}")
    trial.judge(
        "before it" in display and "and after" in display,
        given=given,
        expected="the rest of the prompt, 'before it' and 'and after', in display",
        seen=repr(display),
    )


@check("HIS-10", cases=CONTROLS)
def controls_are_escaped(trial: Trial, controls: str) -> None:
    """Control characters in a typed prompt reach the reader in no answer, and the rest of the prompt does."""
    prompt = f"before it{controls}and after"
    typed(trial, A, prompt, project=ALPHA, ago=20)
    given = f"the prompt {prompt!r}"
    _no_raw_controls(trial, entry_of(trial, trial.manager.list_sessions(), A, given=given), given=f"{given}, listed")
    found = entry_of(trial, trial.manager.find_sessions("before it"), A, given=given)
    _no_raw_controls(trial, found, given=f"{given}, found")
    _no_raw_controls(trial, trial.manager.current_session(Path(ALPHA)), given=f"{given}, the current one")


@check("HIS-10", cases={name: CONTROLS[name] for name in ("window-title", "new-line", "every-one")})
def controls_of_a_headless_prompt_are_escaped(trial: Trial, controls: str) -> None:
    """The same of a prompt that stands in a transcript alone."""
    here = trial.directory("alpha")
    prompt = f"before it{controls}and after"
    recorded(trial, A, prompt, project=here, ago=20, headless=True)
    given = f"the headless prompt {prompt!r}"
    _no_raw_controls(trial, entry_of(trial, trial.manager.list_sessions(), A, given=given), given=f"{given}, listed")
    _no_raw_controls(trial, trial.manager.current_session(here), given=f"{given}, the current one")
