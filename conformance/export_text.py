"""Checks of `export`: whose text it is, and that it stays as it was (EXP-04, EXP-05)."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

from .exported import (
    FORMS,
    Export,
    all_in,
    destination_for,
    exported,
    records_of,
    subagent,
    with_siblings,
)
from .recorded import numbered, recorded

A, B = numbered(0xA11CE), numbered(0xB0B)

# ---------------------------------------------------------------------- EXP-04: projects that encode alike


@check("EXP-04", cases=FORMS)
def alike_projects_are_not_mixed(trial: Trial, form: str) -> None:
    """Of two conversations in one encoded directory, each export holds its own records and none of the other's."""
    mine = with_siblings(trial, A, "only in mine", project=trial.directory("a-b"))
    other = with_siblings(trial, B, "only in the other", project=trial.directory("a.b"))
    trial.equal(mine.path.parent, other.path.parent, given="the encoded names of a-b and a.b")
    for one, another in ((mine, other), (other, mine)):
        export = exported(trial, one.session_id, form=form)
        given = f"the conversation of {Path(one.cwd or '').name} exported, beside that of a project which encodes alike"
        all_in(trial, export, one, given=given)
        _nothing_of(trial, export, another, given=given)


def _nothing_of(trial: Trial, export: Export, another: Transcript, *, given: str) -> None:
    """Judge that nothing in an export names another conversation, its directory or its prompts."""
    strange = (another.session_id, *another.prompts, f'"{another.cwd}"')
    seen = [(name, word) for name, data in export.files.items() for word in strange if word.encode() in data]
    seen += [(name, another.session_id) for name in export.files if another.session_id in name]
    trial.equal(seen, [], given=f"what of the other conversation is in it: {given}")


@check("EXP-04")
def subagents_beside_are_not_mixed(trial: Trial) -> None:
    """Where subagents' transcripts lie beside the conversations, an export holds none of another's."""
    mine = recorded(trial, A, "only in mine", project=trial.directory("a-b"), ago=20)
    other = recorded(trial, B, "only in the other", project=trial.directory("a.b"), ago=10)
    for transcript, name in ((mine, "feed001"), (other, "feed002")):
        subagent(transcript, agent_id=name, release="2.0.77")
    for one, another in ((mine, other), (other, mine)):
        given = f"the conversation of {Path(one.cwd or '').name} exported, with subagents of both beside it"
        export = exported(trial, one.session_id)
        trial.equal(export.lacks(records_of(one.path)), [], given=f"records that are missing: {given}")
        _nothing_of(trial, export, another, given=given)


# ---------------------------------------------------------------------- EXP-05: text in any language

TEXTS = {
    "scripts": "日本語, العربية, עברית, हिन्दी, ไทย, Ελληνικά, кириллица",
    "emoji": "🚀👩‍👩‍👧‍👦🏳️‍🌈 and 𝕬𝖇𝖈",
    "combining": "e\u0301 is not é, nor \u1e9b\u0323 \u1e9b\u0323",
    "line-separators": "one\u2028two\u2029three\u0085four\x0bfive\x0csix\x1cseven",
    "carriage-returns": "one\r\ntwo\rthree\n\nfour",
    "controls": "\x00\x01\x1b[31m\x7f\x9b",
    "lone-surrogates": "\ud83d alone, and \udc00",
    "quotes": "\"double\" 'single' \\back \\n \\u0041",
    "edges": "\ufeffmark, \ufffd, \uffff, \U0010ffff",
}

LOCALES = {
    "c": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "posix": {"LC_ALL": "POSIX", "LANG": "POSIX"},
    "utf-8": {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"},
}


def _has(manager: ManagerHandle, destination: Path) -> bool:
    """Whether the manager exports to such a destination."""
    return manager.refusal_of(lambda: manager.export_session(A, destination)) != "unsupported"


@check("EXP-05", cases=LOCALES)
def text_survives_the_locale(trial: Trial, locale: dict[str, str]) -> None:
    """Texts in many languages come out of a process in this locale as they went in, in every form."""
    manager = trial.process(trial.environment.with_env(**locale), locale)
    transcript = _with_texts(trial, escaped=False)
    for form in FORMS.values():
        if not _has(manager, destination_for(trial, form)):
            continue
        export = exported(trial, A, form=form, manager=manager)
        given = f"texts in many languages, the locale {locale['LC_ALL']}, exported as {form or 'a directory'}"
        trial.equal(export.broken, [], given=f"lines that do not parse: {given}")
        trial.equal(export.lacks(records_of(transcript.path)), [], given=f"records that are missing: {given}")
        for path in transcript.path.with_suffix("").rglob("*.txt"):
            trial.equal(export.holds_bytes(path.read_bytes()), True, given=f"whether a text file is in it: {given}")
    exported(trial, A, manager=manager)


def _with_texts(trial: Trial, *, escaped: bool) -> Transcript:
    """A conversation that holds every text, raw as Claude writes it or as escapes, and a text file beside it."""
    transcript = recorded(trial, A, "ascii", project=trial.directory("alpha"), ago=10)
    with transcript.path.open("ab") as stream:
        for number, text in enumerate(TEXTS.values()):
            raw = not escaped and "\ud83d" not in text
            record = {"type": "user", "uuid": numbered(0x100 + number), "message": {"role": "user", "content": text}}
            stream.write(json.dumps(record, ensure_ascii=not raw).encode() + b"\n")
    below = transcript.path.with_suffix("") / "tool-results"
    below.mkdir(parents=True)
    (below / "b0a1b2c3d.txt").write_bytes("\r\n".join(TEXTS.values()).encode("utf-8", "replace"))
    return transcript


@check("EXP-05", cases={"raw": False, "escaped": True})
def every_text_survives(trial: Trial, escaped: bool) -> None:
    """Each text is found in the export as it was, line separators and surrogates included."""
    transcript = _with_texts(trial, escaped=escaped)
    export = exported(trial, A)
    given = f"texts in many languages, {'as escapes' if escaped else 'raw'}, exported"
    trial.equal(export.broken, [], given=f"lines that do not parse: {given}")
    contents = {
        r["message"]["content"] for r in export.records if isinstance(r.get("message"), dict) and r["type"] == "user"
    }
    for name, text in TEXTS.items():
        trial.judge(text in contents, given=f"{given}: {name}", expected=ascii(text), seen="no record has it")
    trial.equal(export.lacks(records_of(transcript.path)), [], given=f"records that are missing: {given}")
