"""Checks of `recovery` about the resumes: each once, in its place, with its prompt, and on record (REC-04 to 06)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pytest_claude_sessions.config_dir import Transcript
from pytest_claude_sessions.manager import DispatchResult
from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.handle import ManagerHandle
from pytest_claude_sessions.suite.trial import Trial

from .limited import PROMPT, cut_off, needs_dispatch, resumed_ids, told

PROMPTS = {
    "plain": PROMPT,
    "several-lines": 'a "quoted" line\n\n  and another one, größer, 日本語 🙂',
    "a-leading-dash": "--continue is no option here",
    "shell": "$(touch pwned) `id` && exit; #{pid}",
    "long": "word " * 8000 + "end",
}


def _carried_on(
    trial: Trial, cut: Transcript, prompt: str, results: list[DispatchResult], given: str, since: int = 0
) -> None:
    """Judge by the journal and the disk that one conversation was carried on, once, where it was started.

    :param since: how many starts there were before the recovery
    """
    starts = [start for start in trial.starts[since:] if start.requested_resume == cut.session_id]
    trial.equal(len(starts), 1, given=f"{given}; how often {cut.session_id} was resumed")
    trial.equal(starts[0].cwd, cut.cwd, given=f"{given}; where it was resumed")
    trial.equal(starts[0].prompt, prompt, given=f"{given}; the prompt that was sent")
    written = str(starts[0].session_id)
    trial.judge(
        any(result.ok and result.resumed and result.session_id == written for result in results),
        given=given,
        expected=f"a result that is ok and resumed, with the id {written}",
        seen=f"{results}",
    )
    carried = trial.transcript(written)
    replies = list(carried.replies) if carried else []
    trial.judge(
        carried is not None and carried.prompts[0] == cut.prompts[0] and bool(replies) and replies[-1] is not None,
        given=given,
        expected="a transcript that holds the earlier turns and ends with an answer",
        seen=f"prompts {[p[:40] for p in carried.prompts] if carried else None}, last answer {replies[-1:]}",
    )


@check("REC-04", cases=PROMPTS)
def the_prompt_that_was_cut_off_is_sent(trial: Trial, prompt: str) -> None:
    """A conversation is resumed once, in its own directory, with exactly the prompt that the limit cut off."""
    cut = cut_off(trial, prompt, cwd=trial.directory("a project"))
    results = trial.manager.recover_rate_limited()
    _carried_on(trial, cut, prompt, results, f"a limited conversation with the prompt {prompt[:60]!r}")
    told(trial, given="a conversation that was recovered")


@check("REC-04")
def several_are_resumed_each_in_its_own_directory(trial: Trial) -> None:
    """Three conversations in two directories with spaces in their names: each one in its own, with its own prompt."""
    cuts = {
        f"prompt {number}": cut_off(trial, f"prompt {number}", cwd=trial.directory(name))
        for number, name in enumerate(("my project", "my other project", "my project"), 1)
    }
    results = trial.manager.recover_rate_limited()
    given = "three limited conversations in two directories"
    for prompt, cut in cuts.items():
        _carried_on(trial, cut, prompt, results, given)
    sent = sorted(str(start.prompt) for start in trial.starts)
    trial.equal(sent, sorted(cuts), given=f"{given}; the prompts sent")
    trial.equal(len(results), 3, given=f"{given}; how many results there are")


@check("REC-04")
def what_claude_left_is_carried_on(trial: Trial) -> None:
    """A conversation that met a limit in its second turn is carried on with the second prompt."""
    needs_dispatch(trial)
    first = trial.manager.dispatch("first prompt", key="chat")
    trial.succeeded(first, given="a dispatch without a limit")
    trial.claude.usage_limit()
    trial.equal(trial.manager.dispatch(PROMPT, key="chat").error, "rate_limited", given="a dispatch that meets a limit")
    cut = next(t for t in trial.config.transcripts() if t.turns and t.turns[-1].is_error)
    seen = len(trial.starts)
    results = trial.manager.recover_rate_limited()
    trial.equal(len(trial.starts), seen + 1, given="a recovery of one conversation; how often Claude was started")
    _carried_on(trial, cut, PROMPT, results, "a conversation that met a limit in its second turn", seen)


# ---------------------------------------------------------------------- nothing twice
AGAIN: dict[str, Callable[[Trial], ManagerHandle]] = {
    "the-same-manager": lambda trial: trial.manager,
    "after-a-restart": lambda trial: trial.restart(),
    "another-process": lambda trial: trial.process(),
}


@check("REC-05", cases=AGAIN)
def running_it_again_resumes_nothing(trial: Trial, again: Callable[[Trial], ManagerHandle]) -> None:
    """Recovered once, two conversations are left alone by the next recovery; one limited since is not."""
    cuts = [cut_off(trial, cwd=trial.directory(name)) for name in ("left", "right")]
    trial.manager.recover_rate_limited()
    ids = [cut.session_id for cut in cuts]
    trial.equal(sorted(map(str, resumed_ids(trial))), sorted(ids), given="two limited conversations, and a recovery")
    manager = again(trial)
    results = manager.recover_rate_limited()
    trial.equal(resumed_ids(trial)[2:], [], given=f"a second recovery; what it resumed ({results})")
    later = cut_off(trial, cwd=trial.directory("left"))
    manager.recover_rate_limited()
    trial.equal(resumed_ids(trial)[2:], [later.session_id], given="a third recovery, after another limit")


@check("REC-05")
def two_at_once_resume_each_once(trial: Trial) -> None:
    """Two managers that recover at the same moment resume each of three conversations once."""
    cuts = [cut_off(trial, f"prompt {name}", cwd=trial.directory(name)) for name in ("left", "middle", "right")]
    one, other = trial.manager, trial.process()
    trial.together(one.recover_rate_limited, other.recover_rate_limited)
    counted = Counter(map(str, resumed_ids(trial)))
    given = "three limited conversations, and two managers that recover at once"
    trial.equal(counted, Counter(cut.session_id for cut in cuts), given=f"{given}; what was resumed, and how often")


@check("REC-05")
def a_resume_under_way_is_not_repeated(trial: Trial) -> None:
    """While one recovery's Claude is at work on a conversation, another recovery does not start a second one."""
    cut = cut_off(trial)
    gate = trial.claude.hold(at="init")  # before anything of the turn is on the disk
    first = trial.background(trial.manager.recover_rate_limited)
    trial.reached(gate)
    second = trial.background(trial.process().recover_rate_limited)
    second.done_within(0.3)
    gate.open()
    results = first.result() + second.result()
    given = "a recovery while another one's Claude is at work on the only limited conversation"
    trial.equal(resumed_ids(trial), [cut.session_id], given=f"{given}; what was resumed ({results})")


@check("REC-05")
def one_that_is_limited_again_is_left_for_the_next_run(trial: Trial) -> None:
    """A resume that meets the limit again is not tried again in the same run, and is in the next one, once."""
    cut = cut_off(trial)
    trial.claude.usage_limit()
    results = trial.manager.recover_rate_limited()
    given = "a resume that meets the limit again"
    trial.equal(resumed_ids(trial), [cut.session_id], given=f"{given}; what that run resumed")
    trial.judge(
        not any(result.ok for result in results),
        given=given,
        expected="no result that is ok",
        seen=f"{results}",
    )
    trial.manager.recover_rate_limited()
    prompts = [start.prompt for start in trial.starts]
    trial.equal(prompts, [PROMPT, PROMPT], given=f"{given}, and a second run; the prompts sent in all")
    trial.manager.recover_rate_limited()
    trial.equal(len(trial.starts), 2, given=f"{given}, a second run and a third; how often Claude was started")


# ---------------------------------------------------------------------- on record
def _logs_about(trial: Trial, session_id: str) -> list[Path]:
    logs = trial.environment.config_dir / "resume-logs"
    files = [path for path in sorted(logs.rglob("*")) if path.is_file()]
    return [
        path
        for path in files
        if (session_id in path.name and path.stat().st_size) or session_id.encode() in path.read_bytes()
    ]


@check("REC-06")
def each_resume_leaves_a_log(trial: Trial) -> None:
    """Under resume-logs/ each of two resumes left something that names its conversation."""
    cuts = [cut_off(trial, cwd=trial.directory(name)) for name in ("left", "right")]
    trial.manager.recover_rate_limited()
    for cut in cuts:
        trial.judge(
            bool(_logs_about(trial, cut.session_id)),
            given=f"the recovery of {cut.session_id}",
            expected="a log under resume-logs/ that names it",
            seen=f"{sorted(str(path) for path in (trial.environment.config_dir / 'resume-logs').rglob('*')) or 'none'}",
        )


@check("REC-06")
def one_that_fails_does_not_stop_the_others(trial: Trial) -> None:
    """The directories of the first and the last of four limited conversations are gone; the others are resumed."""
    names = ("gone first", "left", "right", "gone last")
    cuts = {name: cut_off(trial, f"prompt {name}", cwd=trial.directory(name)) for name in names}
    for name in ("gone first", "gone last"):
        trial.directory(name).rmdir()
    results = trial.manager.recover_rate_limited()
    given = "four limited conversations, the directories of two of which are gone"
    answered = {start.requested_resume for start in trial.starts if start.outcome == "answered"}
    wanted = {cuts[name].session_id for name in ("left", "right")}
    trial.equal(answered, wanted, given=f"{given}; what was resumed and answered ({results})")
    trial.equal(sum(result.ok for result in results), 2, given=f"{given}; how many results are ok")
    for name in ("gone first", "gone last"):
        found = _logs_about(trial, cuts[name].session_id)
        trial.judge(bool(found), given=given, expected="a log of each failure", seen=f"none of {name!r}")
