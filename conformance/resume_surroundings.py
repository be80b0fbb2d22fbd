"""Checks of `resume` on what surrounds a turn: prompts, directories, variables."""

from __future__ import annotations

import shutil

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .conversation import KEY, begun, carried_on, kept, lose, started_fresh

PROMPTS = {
    "option": "--resume evil",
    "short-option": "-p",
    "double-dash": "-- help",
    "quotes": "it's \"quoted\" and 'quoted'",
    "lines": "one line\nand another\n\tthird",
    "substitution": "$(touch pwned) `touch pwned` ${HOME}",
    "metacharacters": "a; touch pwned & touch pwned | cat > pwned * ? [x] \\n",
    "other-scripts": "こんにちは · Ünïcödé · 🦊",
    "1-MiB": "x" * (1024 * 1024),
}


@check("RES-21", cases=PROMPTS)
def prompt_arrives_unchanged(trial: Trial, prompt: str) -> None:
    """Whatever the prompt holds, it reaches the conversation as it is, at a start and at a resume."""
    begun(trial, prompt=prompt)
    result = trial.manager.dispatch(prompt + " again", key=KEY)
    carried_on(trial, result, prompt, prompt + " again", given="a second dispatch with such a prompt")
    run = [str(path) for path in trial.root.rglob("pwned*")]
    trial.equal(run, [], given="files that running parts of the prompt would have made")


DIRECTORIES = {
    "spaces": "with some spaces",
    "dots": "v1.2.3",
    "underscores": "snake_case_dir",
    "non-ascii": "Übergröße-文档",
    "emoji": "fox-🦊",
    "at-and-plus": "a@b+c",
}


@check("RES-22", cases=DIRECTORIES)
def conversation_is_found_in_any_directory(trial: Trial, name: str) -> None:
    """However the directory is called, the next dispatch carries on, also after a restart."""
    cwd = trial.directory(name)
    begun(trial, cwd=cwd)
    result = trial.restart().dispatch("second prompt", key=KEY, cwd=cwd)
    carried_on(trial, result, "first prompt", "second prompt", given=f"a working directory called {name!r}")


@check("RES-22")
def conversation_is_found_through_a_link(trial: Trial) -> None:
    """A directory that is reached by a symbolic link is the same directory."""
    target = trial.directory("target")
    link = target.with_name("link")
    link.symlink_to(target)
    begun(trial, cwd=link)
    result = trial.restart().dispatch("second prompt", key=KEY, cwd=target)
    carried_on(trial, result, "first prompt", "second prompt", given="a directory reached by a link, then directly")


@check("RES-23")
def decoy_config_dir_is_left_alone(trial: Trial) -> None:
    """With CLAUDE_CONFIG_DIR set, ~/.claude is not written, and what is in it does not count."""
    decoy = trial.environment.home / ".claude"
    decoy.mkdir()
    (decoy / "settings.json").write_text("{}")
    dead = begun(trial)
    shutil.copytree(trial.environment.config_dir / "projects", decoy / "projects")
    before = trial.tree(decoy)
    result = trial.manager.dispatch("second prompt", key=KEY)
    carried_on(trial, result, "first prompt", "second prompt", given="a decoy ~/.claude beside the config dir")
    lose(trial, str(result.session_id))
    fresh = trial.manager.dispatch("third prompt", key=KEY)
    started_fresh(trial, fresh, "third prompt", dead, given="a transcript that only a decoy ~/.claude still has")
    trial.unchanged(before, trial.tree(decoy), given="a decoy ~/.claude")


MARKERS = ("CLAUDE_CODE_CHILD_SESSION", "CLAUDECODE", "CLAUDE_CODE_SESSION_ID", "CLAUDE_PID")


@check("RES-24")
def marks_of_an_enclosing_claude_are_not_handed_on(trial: Trial) -> None:
    """A manager that itself runs inside Claude starts a Claude that keeps its transcript."""
    trial.restart(trial.environment.with_env(**dict.fromkeys(MARKERS, "1")))
    begun(trial)
    handed = sorted(set(MARKERS) & set(trial.starts[-1].env))
    trial.equal(handed, [], given="marks of an enclosing Claude that the child got")


@check("RES-25")
def missing_directory_is_told(trial: Trial) -> None:
    """A working directory that is gone is an error of its own kind; the id stays, and works once it is back."""
    cwd = trial.directory("project")
    session_id = begun(trial, cwd=cwd)
    shutil.rmtree(cwd)
    result = trial.manager.dispatch("second prompt", key=KEY, cwd=cwd)
    trial.judge(
        not result.ok and result.error == "cwd_missing",
        given="a conversation whose working directory is gone",
        expected="a refusal of the kind cwd_missing",
        seen=f"{result}",
    )
    kept(trial, session_id, given="after that refusal")
    cwd.mkdir()
    again = trial.manager.dispatch("third prompt", key=KEY, cwd=cwd)
    carried_on(trial, again, "first prompt", "third prompt", given="the directory is back")
