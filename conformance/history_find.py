"""Checks of `history`: finding takes a text literally (HIS-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_claude_sessions.suite.check import check
from pytest_claude_sessions.suite.trial import Trial

from .recorded import NOWHERE, ids, listed, numbered, recorded, typed

FIRST, SECOND = numbered(0x1), numbered(0x2)
# No project holds what is looked for, unless the check puts it there: the trial's own directory has a random name.
PLAIN = f"{NOWHERE}/plain"


@dataclass(frozen=True, slots=True)
class Search:
    """A text, a prompt that holds it, and one that a reader of patterns, options or shell words would take for it."""

    text: str
    holds: str
    lacks: str


LITERAL: Mapping[str, Search] = {
    "dot": Search("a.b", "look at a.b now", "look at axb now"),
    "star": Search("ab*", "the ab* files", "the abbb files"),
    "bracket": Search("[", "an [ open one", "none open"),
    "class": Search("[xyz]", "a class [xyz] here", "an x here"),
    "anchors": Search("^say$", "match ^say$ here", "say"),
    "anything": Search(".*", "regex .* greedy", "regex greedy"),
    "alternatives": Search("cat|dog", "either cat|dog wins", "a dog wins"),
    "backslash": Search("\\w\\d", "type \\w\\d to match", "type q7 to match"),
    "backslash-n": Search("one\\ntwo", "the text one\\ntwo as typed", "the text one\ntwo"),
    "quantifier": Search("x{2}", "twice: x{2}", "twice: xx"),
    "group": Search("(?i)say", "inline (?i)say", "inline SAY"),
    "plus": Search("c++", "in c++ please", "in ccc please"),
    "glob": Search("*.py", "all *.py files", "all main.py files"),
    "question-mark": Search("wh?t", "wh?t is this", "what is this"),
    "option": Search("-e", "run with -e set", "run with e set"),
    "long-option": Search("--help", "ask for --help", "ask for help"),
    "end-of-options": Search("--", "a -- b", "a - b"),
    "single-quote": Search("'", "it's broken", "it is broken"),
    "double-quote": Search('"', 'say "hi"', "say hi"),
    "quotes-that-close": Search('") or true or ("', 'q") or true or ("q', "q or true or q"),
    "substitution": Search("$(touch pwned)", "run $(touch pwned) now", "run  now"),
    "backticks": Search("`touch pwned`", "run `touch pwned` now", "run  now"),
    "variable": Search("$HOME", "where is $HOME", "where is /home/someone"),
    "semicolon": Search("; touch pwned;", "a ; touch pwned; b", "a b"),
    "percent": Search("100%s", "at 100%s speed", "at 100 speed"),
    "sql": Search("%' OR 1=1 --", "x%' OR 1=1 -- y", "x y"),
    "blank-inside": Search("two  blanks", "with two  blanks in it", "with two blanks in it"),
    "braces": Search("{key}", "format {key} here", "format key here"),
    "slash": Search("/etc/", "read /etc/hosts", "read etc hosts"),
    "unicode": Search("日本語", "explain 日本語 please", "explain 日本 please"),
    "emoji": Search("🚀", "ship it 🚀", "ship it"),
}


@check("HIS-06", cases=LITERAL)
def text_is_taken_literally(trial: Trial, search: Search) -> None:
    """Of two prompts, the one that holds the text is found, and nothing is run."""
    typed(trial, FIRST, search.holds, project=PLAIN, ago=20)
    typed(trial, SECOND, search.lacks, project=PLAIN, ago=10)
    given = f"the prompts {search.holds!r} and {search.lacks!r}, and find_sessions({search.text!r})"
    before = trial.tree(trial.root)
    listed(trial, trial.manager.find_sessions(search.text), [FIRST], given=given)
    after = trial.tree(trial.root)
    ran = [path for path in after.entries if "pwned" in path and path not in before.entries]
    trial.equal(ran, [], given=f"files made by it: {given}")
    trial.equal(len(trial.starts), 0, given=f"starts of Claude: {given}")


@check("HIS-06", cases={name: LITERAL[name] for name in ("dot", "option", "single-quote", "unicode", "backslash")})
def text_is_taken_literally_in_transcripts(trial: Trial, search: Search) -> None:
    """The same of prompts that stand in transcripts alone."""
    recorded(trial, FIRST, search.holds, project=PLAIN, ago=20, headless=True)
    recorded(trial, SECOND, search.lacks, project=PLAIN, ago=10, headless=True)
    given = f"the headless prompts {search.holds!r} and {search.lacks!r}, and find_sessions({search.text!r})"
    listed(trial, trial.manager.find_sessions(search.text), [FIRST], given=given)


@check("HIS-06", cases={name: LITERAL[name] for name in ("dot", "bracket", "option", "percent", "variable", "glob")})
def text_is_taken_literally_in_projects(trial: Trial, search: Search) -> None:
    """The same of projects."""
    typed(trial, FIRST, "hello", project=f"{NOWHERE}/{search.holds}", ago=20)
    typed(trial, SECOND, "hello", project=f"{NOWHERE}/{search.lacks}", ago=10)
    given = f"projects that end in {search.holds!r} and {search.lacks!r}, and find_sessions({search.text!r})"
    listed(trial, trial.manager.find_sessions(search.text), [FIRST], given=given)


CASES = {
    "lower": ("nextjs", "Create a fresh NextJS app"),
    "upper": ("NEXTJS", "create a fresh nextjs app"),
    "mixed": ("NeXt", "create a fresh nExTjs app"),
    "umlauts": ("ÄRGER", "nur ärger damit"),
    "cyrillic": ("проект", "ПРОЕКТ начат"),
    "greek": ("ΑΒΓ", "το αβγ"),
}


@check("HIS-06", cases=CASES)
def case_does_not_matter(trial: Trial, words: tuple[str, str]) -> None:
    """A text is found whatever its case is, in prompts and in projects; what lacks it is not."""
    text, prompt = words
    typed(trial, FIRST, prompt, project=PLAIN, ago=30)
    typed(trial, SECOND, "hello", project=f"{NOWHERE}/{prompt}", ago=20)
    typed(trial, numbered(0x3), "something else", project=PLAIN, ago=10)
    given = f"the prompt {prompt!r}, a project of that name, and find_sessions({text!r})"
    listed(trial, trial.manager.find_sessions(text), [SECOND, FIRST], given=given)


@check("HIS-06")
def every_prompt_of_a_conversation_counts(trial: Trial) -> None:
    """A conversation is found by its first, middle and newest prompt, once."""
    prompts = ("plant an oak", "plant a birch", "plant a willow")
    for ago, prompt in zip((30, 20, 10), prompts, strict=True):
        typed(trial, FIRST, prompt, project=PLAIN, ago=ago)
    typed(trial, SECOND, "plant nothing", project=PLAIN, ago=5)
    for text in ("oak", "birch", "willow"):
        given = f"a conversation with the prompts {prompts}, and find_sessions({text!r})"
        listed(trial, trial.manager.find_sessions(text), [FIRST], given=given)
    listed(trial, trial.manager.find_sessions("plant"), [SECOND, FIRST], given="what two conversations hold")
    trial.equal(ids(trial.manager.find_sessions("maple")), [], given="what no conversation holds")


@check("HIS-06")
def old_one_is_found(trial: Trial) -> None:
    """A text is found in the oldest of a hundred conversations, and the limit counts what was found."""
    for number in range(100):
        prompt = "with a needle" if number % 25 == 0 else "without"
        typed(trial, numbered(0x100 + number), prompt, project=PLAIN, ago=2000 - number * 10)
    expected = [numbered(0x100 + number) for number in (75, 50, 25, 0)]
    given = "a hundred conversations of which four hold the text"
    listed(trial, trial.manager.find_sessions("needle"), expected, given=given)
    listed(trial, trial.manager.find_sessions("needle", 3), expected[:3], given=f"{given}, and a limit of 3")
