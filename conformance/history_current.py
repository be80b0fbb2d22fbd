"""Checks of `history`: the current conversation, and short ids (HIS-07, HIS-08)."""

from __future__ import annotations

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, ids, minutes_ago, not_begun, numbered, recorded, typed

A, B, C = numbered(0xA11CE), numbered(0xB0B), numbered(0xCA201)
ALPHA, BETA = f"{NOWHERE}/alpha", f"{NOWHERE}/beta"

# ---------------------------------------------------------------------- HIS-07: the current one


@check("HIS-07", cases={"typed": False, "headless": True})
def current_is_of_the_project(trial: Trial, headless: bool) -> None:
    """Two projects in turn: each has its own newest conversation, a third has none."""
    alpha, beta, gamma = (trial.directory(name) for name in ("alpha", "beta", "gamma"))
    order = [(numbered(1), alpha), (numbered(2), beta), (numbered(3), alpha), (numbered(4), beta)]
    for ago, (session_id, project) in zip((40, 30, 20, 10), order, strict=True):
        recorded(trial, session_id, f"in {project.name}", project=project, ago=ago, headless=headless)
    given = "conversations of two projects in turn"
    for project, expected in ((alpha, numbered(3)), (beta, numbered(4)), (gamma, None)):
        current = trial.manager.current_session(project)
        seen = current.session_id if current else None
        trial.equal(seen, expected, given=f"{given}, and current_session of {project.name}")
    recorded(trial, numbered(5), "newer", project=alpha, ago=5, headless=headless)
    current = trial.manager.current_session(alpha)
    trial.equal(current and current.session_id, numbered(5), given=f"{given}, and a newer one in alpha")


@check("HIS-07")
def current_looks_behind_the_newest(trial: Trial) -> None:
    """A project's newest conversation is found behind fifty newer ones of another, and below or above it is nothing."""
    here = trial.directory("alpha")
    recorded(trial, A, "long ago", project=here, ago=5000)
    for number in range(50):
        typed(trial, numbered(0x2000 + number), "elsewhere", project=f"{here}/below", ago=1000 - number * 10)
    typed(trial, B, "above", project=here.parent, ago=1)
    given = "fifty conversations in a directory below, one in the directory above, and an older one"
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, A, given=given)


@check("HIS-07")
def current_goes_by_what_was_last_said(trial: Trial) -> None:
    """Of two conversations of one project, the one that went on last is current, whichever began later."""
    here = trial.directory("alpha")
    first = recorded(trial, A, "began first", project=here, ago=60)
    recorded(trial, B, "began second", project=here, ago=50)
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, B, given="two conversations of one project")
    trial.config.add_turns(first, ["went on"], now=minutes_ago(10), history=True)
    current = trial.manager.current_session(here)
    trial.equal(current and current.session_id, A, given="two conversations of one project; the first went on")


# ---------------------------------------------------------------------- HIS-08: short ids

LIKE_A = "4bb63347-fb0d-4478-85b2-c7d1a7f248fa"
LIKE_A_TOO = "4bb63347-fb0d-4479-85b2-c7d1a7f248fa"
UNLIKE = "dae96318-c8b1-4a2e-9f3d-1c2d3e4f5a6b"


def _three(trial: Trial) -> None:
    recorded(trial, LIKE_A, "one", project=trial.directory("alpha"), ago=30)
    recorded(trial, LIKE_A_TOO, "two", project=trial.directory("beta"), ago=20, headless=True)
    recorded(trial, UNLIKE, "three", project=trial.directory("alpha"), ago=10, headless=True)


def _refusal(trial: Trial, prefix: str) -> str | None:
    """The kind of the refusal that a short id meets, None when it resolves."""
    return trial.manager.refusal_of(lambda: trial.manager.resolve_session(prefix))


@check("HIS-08")
def short_id_resolves_when_unique(trial: Trial) -> None:
    """What begins one id alone is that id, as is an id in full."""
    _three(trial)
    for prefix, expected in (
        ("dae96318", UNLIKE),
        ("d", UNLIKE),
        (UNLIKE, UNLIKE),
        (LIKE_A[:18], LIKE_A),
        (LIKE_A_TOO[:18], LIKE_A_TOO),
        (LIKE_A, LIKE_A),
    ):
        seen = trial.manager.resolve_session(prefix)
        trial.equal(seen, expected, given=f"{LIKE_A}, {LIKE_A_TOO}, {UNLIKE}, and resolve_session({prefix!r})")


@check("HIS-08")
def ambiguous_id_is_refused(trial: Trial) -> None:
    """What begins two ids is refused as ambiguous, and nothing is done."""
    _three(trial)
    before = trial.tree()
    for prefix in ("4bb63347", "4", LIKE_A[:17]):
        kind = _refusal(trial, prefix)
        trial.equal(kind, "ambiguous", given=f"{LIKE_A} and {LIKE_A_TOO}, and resolve_session({prefix!r})")
    trial.unchanged(before, trial.tree(), given="short ids that are ambiguous")
    trial.equal(trial.manager.resolve_session(LIKE_A), LIKE_A, given="an id in full, beside one that begins alike")


STRANGE = ("", "*", "?", "[0-9a-f]", ".", "..", "../", "%", "-d", "--help", "dae96318*", "DAE.6318", " ", "\n", "$(id)")


@check("HIS-08")
def unknown_id_is_refused(trial: Trial) -> None:
    """What begins no id is refused as not found; so are the middle and the end of one, patterns and names of files."""
    _three(trial)
    trial.config.add_subagent(UNLIKE, trial.directory("alpha"), agent_id="feedbeef00000000")
    aside = trial.config.transcript_path(numbered(0xFACE), trial.directory("alpha"))
    aside.with_name(f"{aside.name}.bak").write_text("garbage\n")
    before = trial.tree()
    for prefix in ("ffffffff", UNLIKE[-8:], UNLIKE[4:], f"{UNLIKE}0", f"{UNLIKE}.jsonl", aside.stem[:8], "agent-fee"):
        kind = _refusal(trial, prefix)
        trial.judge(
            kind in ("not_found", "invalid_session_id"),
            given=f"resolve_session({prefix!r}), which begins no id",
            expected="the refusal not_found",
            seen=f"{kind or 'an answer'}",
        )
    for prefix in STRANGE:
        kind = _refusal(trial, prefix)
        trial.judge(
            kind is not None, given=f"resolve_session({prefix!r})", expected="a refusal", seen="it was resolved"
        )
    trial.equal(
        _refusal(trial, "ffffffff"),
        "not_found",
        given="resolve_session('ffffffff'), which begins no id",
    )
    trial.unchanged(before, trial.tree(), given="short ids that are unknown")
    trial.equal(len(trial.starts), 0, given="starts of Claude while ids were resolved")
    trial.equal(trial.manager.resolve_session("dae96318"), UNLIKE, given="resolve_session of a known one afterwards")


@check("HIS-08")
def old_conversation_resolves(trial: Trial) -> None:
    """A short id resolves and is resumed though thirty newer conversations are listed before it."""
    recorded(trial, UNLIKE, "long ago", project=trial.directory("alpha"), ago=5000)
    for number in range(30):
        typed(trial, numbered(0x3000 + number), "newer", project=BETA, ago=500 - number * 10)
    trial.judge(
        UNLIKE not in ids(trial.manager.list_sessions()),
        given="thirty newer conversations",
        expected="20 entries without the oldest",
        seen=f"{UNLIKE} is among them",
    )
    resolved = trial.manager.resolve_session("dae96318")
    trial.equal(resolved, UNLIKE, given="thirty newer conversations, and the short id of an older one")
    result = trial.manager.resume_session(resolved, "and now")
    trial.succeeded(result, given="resume_session of what was resolved")
    trial.equal(trial.starts[-1].requested_resume, UNLIKE, given="what Claude was asked to resume")


@check("HIS-08")
def unknown_id_is_not_begun(trial: Trial) -> None:
    """resume_session of an id that nobody knows begins no conversation; of a known one it carries on."""
    recorded(trial, A, "before", project=trial.environment.workdir, ago=20)
    unknown = numbered(0xFFFFFFFF)
    not_begun(trial, unknown, given=f"resume_session({unknown!r}), unknown")
    trial.succeeded(trial.manager.resume_session(A, "after"), given="resume_session of a known id")
    trial.equal(trial.prompts(trial.starts[-1].session_id), ["before", "after"], given="its prompts on the disk")
