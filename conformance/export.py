"""Checks of `export`: all of a conversation is in it, and what is no record is not (EXP-01, EXP-02)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pytest_claude_sessions.claude.release import OBSERVED
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .exported import (
    FORMS,
    NOTE,
    Export,
    all_in,
    exported,
    records_of,
    with_siblings,
)
from .recorded import numbered, recorded

A, B = numbered(0xA11CE), numbered(0xB0B)

# ---------------------------------------------------------------------- EXP-01: all of it


@check("EXP-01", cases=FORMS)
def everything_is_in_it(trial: Trial, form: str) -> None:
    """An export in each form holds every record and every file of the sibling directory; the source is unchanged."""
    transcript = with_siblings(trial, A, "one", "two", "three", project=trial.directory("alpha"))
    before = trial.tree()
    export = exported(trial, A, form=form)
    given = f"a conversation with two subagents and tool results, exported as {form or 'a directory'}"
    all_in(trial, export, transcript, given=given)
    trial.equal(export.left_out, [], given=f"what its note says was left out: {given}")
    trial.unchanged(before, trial.tree(), given=f"the source: {given}")


@check("EXP-01", cases={version: version for version in OBSERVED})
def transcript_of_every_release(trial: Trial, version: str) -> None:
    """What any release wrote is exported record for record."""
    here = trial.directory("alpha")
    transcript = trial.config.add_conversation(cwd=here, turns=3, session_id=A, release=version, title="a title")
    before = trial.tree()
    export = exported(trial, A)
    given = f"a transcript as claude {version} writes it, exported"
    trial.equal(export.lacks(records_of(transcript.path)), [], given=f"records that are missing: {given}")
    trial.unchanged(before, trial.tree(), given=f"the source: {given}")


@check("EXP-01")
def long_conversation_is_whole(trial: Trial) -> None:
    """Three hundred turns, one of them of two MiB, are all in it, in their order."""
    turns = [(f"prompt {number}", "x" * (2 << 20) if number == 150 else "a reply") for number in range(300)]
    transcript = trial.config.add_conversation(cwd=trial.directory("alpha"), turns=turns, session_id=A)
    export = exported(trial, A)
    trial.equal(export.lacks(records_of(transcript.path)), [], given="records missing of a long conversation")
    wanted = list(transcript.uuids)
    seen = [record["uuid"] for record in export.records if record.get("uuid") in set(wanted)]
    trial.equal(seen == wanted, True, given="a long conversation: whether its records are in it in their order, once")


@check("EXP-01")
def odd_values_survive(trial: Trial) -> None:
    """Numbers, nulls, empty texts, unknown types and keys come out as they went in."""
    transcript = recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    odd = [
        {"type": "of-tomorrow", "value": None, "list": [], "map": {}, "empty": "", "false": False},
        {"type": "numbers", "large": 2**53 - 1, "negative": -1, "fraction": 0.5, "zero": 0},
        {"no-type": True, "nested": {"a": [{"b": [1, [2, [3]]]}]}},
        {"type": "keys", "with space": 1, "with.dot": 2, "": 3, "$ref": 4, 'a"b': 5},
    ]
    with transcript.path.open("ab") as stream:
        stream.writelines(json.dumps(record).encode() + b"\n" for record in odd)
    export = exported(trial, A)
    trial.equal(
        export.lacks([*records_of(transcript.path), *odd]), [], given="records with odd values that are missing"
    )


# ---------------------------------------------------------------------- EXP-02: lines that are none


def _torn(line: bytes) -> bytes:
    return line[: len(line) // 2]


TORN: dict[str, Callable[[bytes], bytes]] = {
    "in-the-middle": _torn,
    "after-a-byte": lambda line: line[:1],
    "before-its-last-byte": lambda line: line[:-1],
    "within-a-character": lambda line: b'{"type":"user","message":{"content":"\xe6\x97',
    "nul-bytes": lambda line: b"\0" * 512,
}


@check("EXP-02", cases={f"{name}-{form}": (name, form) for name in TORN for form in (".jsonl", ".zip")})
def torn_end_is_left_out(trial: Trial, case: tuple[str, str]) -> None:
    """A half last line is left out and said so, every other record is there, and what is whole is not called torn."""
    name, form = case
    transcript = recorded(trial, A, "one", "two", project=trial.directory("alpha"), ago=10)
    whole = exported(trial, A, form=form)
    trial.equal(whole.left_out, [], given="what was left out of an export of a whole transcript")
    records = records_of(transcript.path)
    line = json.dumps({"type": "user", "uuid": numbered(9), "message": {"role": "user", "content": "torn"}}).encode()
    with transcript.path.open("ab") as stream:
        stream.write(TORN[name](line))
    before = trial.tree()
    given = f"a transcript whose last line is torn {name.replace('-', ' ')}, exported as {form}"
    _readable_less_one(trial, exported(trial, A, form=form), records, given=given)
    trial.unchanged(before, trial.tree(), given=f"the source: {given}")


def _readable_less_one(trial: Trial, export: Export, records: list[dict[str, Any]], *, given: str) -> None:
    """Judge that every line of an export parses, these records are in it, and it says that something is not."""
    trial.equal(export.broken, [], given=f"lines of the export that are no records: {given}")
    trial.equal(export.lacks(records), [], given=f"records that are missing: {given}")
    trial.judge(
        bool(export.left_out),
        given=given,
        expected=f'a record {{"type": "{NOTE}", "left_out": [...]}} that says so',
        seen=f"{[record for record in export.records if record.get('type') == NOTE]}",
    )


@check("EXP-02")
def whole_line_without_its_end_is_kept(trial: Trial) -> None:
    """A last record that only lacks its line end is no torn one."""
    transcript = recorded(trial, A, "one", "two", project=trial.directory("alpha"), ago=10)
    records = records_of(transcript.path)
    transcript.path.write_bytes(transcript.path.read_bytes().rstrip(b"\n"))
    export = exported(trial, A)
    trial.equal(export.lacks(records), [], given="a transcript without its last line end: records that are missing")
    trial.equal(export.broken, [], given="a transcript without its last line end: lines that do not parse")


@check("EXP-02")
def torn_subagent_is_left_out(trial: Trial) -> None:
    """The same of a subagent's transcript in the sibling directory."""
    transcript = with_siblings(trial, A, "one", project=trial.directory("alpha"))
    path = next(iter(sorted(transcript.path.with_suffix("").rglob("*.jsonl"))))
    records = [*records_of(transcript.path), *records_of(path)]
    with path.open("ab") as stream:
        stream.write(b'{"type":"assistant","mess')
    given = "a conversation with a subagent whose transcript is torn, exported"
    _readable_less_one(trial, exported(trial, A), records, given=given)


BAD = {
    "garbage": b"not json\n",
    "half-a-line": b'{"type":"user","mess\n',
    "other-json": b"[1,2]\n",
    "nul-bytes": b"\0\0\0\0\n",
    "nested-deeply": b"[" * 100_000 + b"\n",
    "a-long-line": b"x" * (16 << 20) + b"\n",
}


@check("EXP-02", cases=BAD)
def bad_line_inside_is_left_out(trial: Trial, bad: bytes) -> None:
    """A line that is no record, between others, does not get into the export, nor end it."""
    transcript = recorded(trial, A, "one", "two", project=trial.directory("alpha"), ago=10)
    records = records_of(transcript.path)
    first, rest = transcript.path.read_bytes().split(b"\n", 1)
    transcript.path.write_bytes(first + b"\n" + bad + rest)
    given = f"a transcript with the line {bad[:20]!r} inside, exported"
    _readable_less_one(trial, exported(trial, A), records, given=given)


@check("EXP-02")
def running_conversation_is_exported(trial: Trial) -> None:
    """While a turn is being written, each export parses and has all that was there before it."""
    transcript = recorded(trial, A, "one", project=trial.directory("alpha"), ago=10)
    records = records_of(transcript.path)
    line = json.dumps(
        {"type": "assistant", "uuid": numbered(8), "message": {"role": "assistant", "content": "é" * 2000}}
    )
    data = line.replace("\\u00e9", "é").encode() + b"\n"
    with transcript.path.open("ab", buffering=0) as stream:
        for cut in (1, 50, 1001, len(data) - 2):
            stream.write(data[:cut])
            export = exported(trial, A)
            given = f"a transcript with {cut} bytes of the next line, exported"
            _readable_less_one(trial, export, records, given=given)
            stream.write(data[cut:])
    export = exported(trial, A)
    trial.equal((export.broken, export.left_out), ([], []), given="that transcript when its lines are whole")
