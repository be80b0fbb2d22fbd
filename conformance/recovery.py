"""Checks of the capability `recovery`: what a usage limit cut off is found, and nothing else (REC-01, REC-02)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_claude_sessions.config_dir import HistoryEntry, Transcript
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .limited import cut_off, limited, needs_dispatch, resume_by_hand, resumed_ids, told

RELEASES = ("1.0.98", "1.0.128", "2.0.77", "2.1.50", "2.1.112", "2.1.160", "2.1.329")
"""Those that were seen to write a limit in a form of their own."""


# ---------------------------------------------------------------------- found in every form
@check("REC-01", cases={release: release for release in RELEASES})
def a_limit_is_found_in_the_form_of_each_release(trial: Trial, release: str) -> None:
    """In the form of that release a limit is found, with and without a reset time; a healthy conversation is not."""
    resets_at = datetime.now(UTC).replace(second=0, microsecond=0)
    timed = cut_off(trial, release=release, resets_at=resets_at)
    untimed = cut_off(trial, release=release, cwd=trial.directory("other project"), turns=0)
    trial.config.add_conversation(turns=2, release=release)
    told(trial, timed, untimed, given=f"two conversations cut off by a usage limit of {release}, and a healthy one")
    places = {found.session_id: str(found.cwd) for found in limited(trial)}
    trial.equal(
        places,
        {conversation.session_id: conversation.cwd for conversation in (timed, untimed)},
        given="the directories of two limited conversations",
    )


@dataclass(frozen=True)
class Wording:
    """A limit as a user saw it: in whose form it stands, what it says."""

    release: str
    text: str
    fields: dict[str, Any] | None = None


WORDINGS = {
    "usage-limit-reached-epoch": Wording("1.0.31", "Claude AI usage limit reached|1795223771"),
    "usage-limit-reached": Wording("1.0.98", "Claude usage limit reached. Your limit will reset at 3pm (UTC)."),
    "spending-cap": Wording("1.0.128", "Spending cap reached resets 6:16am"),
    "5-hour-limit": Wording("2.0.0", "5-hour limit reached ∙ resets 3pm"),
    "hit-your-limit": Wording("2.0.0", "You've hit your limit · resets 3pm (Europe/Dublin)"),
    "session-limit": Wording("2.1.112", "You've hit your session limit · resets 4:50pm (Asia/Shanghai)"),
    "weekly-limit": Wording("2.1.112", "You've hit your weekly limit · resets Nov 24, 6am (UTC)"),
    "extra-usage": Wording("2.1.160", "You're out of extra usage · resets 3pm (UTC)"),
    "with-an-api-key": Wording(
        "2.1.329",
        "API Error: Request rejected (429) · Number of requests has exceeded your limit",
        {"apiError": None, "apiErrorParams": None, "quotaLimits": None},
    ),
    "fields-alone": Wording("2.1.329", "Take a break until this evening."),
}


@check("REC-01", cases=WORDINGS)
def a_limit_is_found_in_each_wording(trial: Trial, wording: Wording) -> None:
    """Whatever the program says of it, a limit is found: by its fields, else by its words."""
    cut = cut_off(trial, release=wording.release, text=wording.text, fields=wording.fields)
    trial.config.add_conversation(cwd=trial.directory("healthy"), turns=2)
    told(trial, cut, given=f"a conversation that Claude {wording.release} ended with {wording.text!r}")


@check("REC-01")
def a_limit_is_found_where_claude_met_it(trial: Trial) -> None:
    """A dispatch that meets a limit leaves a conversation that is found; the one before it is not."""
    needs_dispatch(trial)
    trial.succeeded(trial.manager.dispatch("a healthy prompt", key="healthy"), given="a dispatch without a limit")
    trial.claude.usage_limit()
    result = trial.manager.dispatch("a prompt that meets the limit", key="limited")
    trial.equal(result.error, "rate_limited", given="the error of a dispatch that meets a usage limit")
    cut = next(t for t in trial.config.transcripts() if "a prompt that meets the limit" in t.prompts)
    told(trial, cut, given="two dispatches, the second of which met a usage limit")


@check("REC-01")
def every_limited_conversation_is_found(trial: Trial) -> None:
    """Of thirty conversations in six projects, nine of them limited, the nine are found."""
    cuts: list[Transcript] = []
    for number in range(30):
        cwd = trial.directory(f"project {number % 6}")
        if number % 10 < 3:
            cuts.append(cut_off(trial, cwd=cwd))
        else:
            trial.config.add_conversation(cwd=cwd)
    told(trial, *cuts, given="nine limited conversations among thirty")


# ---------------------------------------------------------------------- and nothing else
WORDS = "You've hit your limit · resets 3pm (UTC)"
RECORD = '{"type":"assistant","isApiErrorMessage":true,"error":"rate_limit","message":{"model":"<synthetic>"}}'


def _healthy(*turns: tuple[str, str | None]) -> Callable[[Trial], object]:
    return lambda trial: trial.config.add_conversation(cwd=trial.directory("healthy"), turns=turns)


def _in_the_history(trial: Trial) -> None:
    made = trial.config.add_conversation(cwd=trial.directory("healthy"))
    line = HistoryEntry(WORDS, datetime.now(UTC), made.cwd, made.session_id)
    trial.config.add_history_lines(line)


def _passed(*turns: tuple[str, str | None]) -> Callable[[Trial], object]:
    def arrange(trial: Trial) -> None:
        cut = cut_off(trial, cwd=trial.directory("healthy"))
        trial.config.add_turns(cut, turns)

    return arrange


def _of_a_subagent(trial: Trial) -> None:
    made = trial.config.add_conversation(cwd=trial.directory("healthy"))
    cut = cut_off(trial, cwd=trial.directory("healthy"))
    sidechain = cut.path.read_text("utf-8").replace('"isSidechain":false', '"isSidechain":true')
    cut.path.unlink()
    (cut.path.parent / "agent-0123abcd.jsonl").write_text(sidechain, encoding="utf-8")
    below = made.path.with_suffix("") / "subagents" / f"agent-{cut.session_id}.jsonl"
    below.parent.mkdir(parents=True)
    below.write_text(sidechain, encoding="utf-8")
    with made.path.open("a", encoding="utf-8") as file:
        file.write(sidechain)


def _set_aside(trial: Trial) -> None:
    path = cut_off(trial, cwd=trial.directory("healthy")).path
    shutil.move(path, path.with_name(path.name + ".bak"))


NO_LIMITS: dict[str, Callable[[Trial], object]] = {
    "in-a-prompt": _healthy((WORDS, "a reply")),
    "in-an-answer": _healthy(("a prompt", WORDS)),
    "in-a-prompt-never-answered": _healthy(("a prompt", "a reply"), (WORDS, None)),
    "a-record-quoted": _healthy((RECORD, RECORD)),
    "in-the-history": _in_the_history,
    "earlier-and-answered-since": _passed(("again", "a reply")),
    "earlier-and-asked-again": _passed(("again", None)),
    "of-a-subagent": _of_a_subagent,
    "in-a-file-set-aside": _set_aside,
    "authentication": lambda trial: cut_off(trial, cwd=trial.directory("healthy"), error="auth_failure"),
    "overload": lambda trial: cut_off(trial, cwd=trial.directory("healthy"), error="overloaded"),
    "server-error": lambda trial: cut_off(trial, cwd=trial.directory("healthy"), error="server_error"),
    "server-error-with-the-words": lambda trial: cut_off(
        trial, cwd=trial.directory("healthy"), error="server_error", release="2.1.329", text=WORDS
    ),
}


@check("REC-02", cases=NO_LIMITS)
def what_is_no_limit_is_left_alone(trial: Trial, arrange: Callable[[Trial], object]) -> None:
    """The same words elsewhere, another error or a limit that has passed: not found, not resumed; a limit is."""
    arrange(trial)
    cut = cut_off(trial, cwd=trial.directory("limited"))
    before = trial.tree(trial.config.project_dir(trial.directory("healthy")))
    told(trial, cut, given="a conversation that is not cut off by a limit, and one that is")
    results = trial.manager.recover_rate_limited()
    trial.equal(resumed_ids(trial), [cut.session_id], given=f"what a recovery asked Claude to resume ({results})")
    after = trial.tree(trial.config.project_dir(trial.directory("healthy")))
    trial.unchanged(before, after, given="a recovery, and a conversation that was not cut off")


@check("REC-02", cases={"once": 1, "twice": 2})
def a_limit_that_was_resumed_by_hand_has_passed(trial: Trial, times: int) -> None:
    """Carried on by a user, whatever transcript the release writes then, a conversation is no longer told."""
    cwd = trial.directory("resumed by hand")
    # At the same instant, as two that are at work side by side are cut off.
    at = datetime.now(UTC) - timedelta(hours=2)
    cut, other = (cut_off(trial, prompt, cwd=cwd, limited_at=at) for prompt in ("a prompt", "another prompt"))
    told(trial, cut, other, given="two conversations cut off by a limit in one project")
    session_id = cut.session_id
    for number in range(times):
        resume_by_hand(trial, session_id, cwd, f"by hand {number}")
        session_id = str(trial.starts[-1].session_id)
    told(trial, other, given="one of two limited conversations, resumed by hand and answered")
    trial.manager.recover_rate_limited()
    asked = resumed_ids(trial)[times:]
    trial.equal(asked, [other.session_id], given="what a recovery after that asked Claude to resume")
