"""Bad input: one clear line that names the option and the nearest valid name, exit status 4, nothing run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

MANAGERS = """
class Manager:
    capabilities = {"store"}

def good(environment):
    return Manager()

def without_argument():
    return Manager()

class Unknown:
    capabilities = {"store", "resmue"}

def unknown_capability(environment):
    return Unknown()

def raises(environment):
    raise RuntimeError("no database")

not_callable = 7
"""


@dataclass(frozen=True)
class Bad:
    options: tuple[str, ...]
    message: str
    toml: str = ""


BAD = {
    "no-manager": Bad((), "no manager is configured: give --claude-manager SPEC"),
    "no-module": Bad(("--claude-manager", "nowhere:factory"), "nowhere:factory does not import: ModuleNotFoundError"),
    "no-factory": Bad(("--claude-manager", "managers:goood"), "managers has no 'goood'; did you mean 'good'?"),
    "not-callable": Bad(("--claude-manager", "managers:not_callable"), "a callable is expected"),
    "signature": Bad(("--claude-manager", "managers:without_argument"), "must take one argument, the Environment"),
    "factory-raises": Bad(("--claude-manager", "managers:raises"), "the manager does not start"),
    "misspelt-reference": Bad(("--claude-manager", "refrence"), "did you mean 'reference'?"),
    "empty-command": Bad(("--claude-manager", "cmd:"), "'cmd:' names no command"),
    "capability": Bad(
        ("--claude-manager", "managers:unknown_capability"),
        "declares the unknown capability 'resmue'; did you mean 'resume'?",
    ),
    "profile": Bad(("--claude-profile", "cardd"), "there is no profile 'cardd'; did you mean 'card'?"),
    "requirement": Bad(("--claude-requirement", "RES-O4"), "did you mean 'RES-04'?"),
    "requirement-not-declared": Bad(
        ("--claude-manager", "managers:good", "--claude-requirement", "RES-04"),
        "RES-04 belongs to the capability resume, which Manager does not declare",
    ),
    "release": Bad(("--claude-release", "2.1.x"), "--claude-release:"),
    "report": Bad(("--claude-report", "report.jsn"), "--claude-report: report.jsn: its name must end in .json"),
    "report-directory": Bad(("--claude-report", "nowhere/report.json"), "there is no directory"),
    "cli": Bad(("--claude-cli", "nowhere/claude"), "there is no program nowhere/claude"),
    "toml": Bad((), "claude-conformance.toml: not valid TOML", "manager = "),
    "key": Bad((), "there is no key 'mangaer'; did you mean 'manager'?", 'mangaer = "reference"'),
    "expected-id": Bad(
        (), "there is no requirement 'STO-1'; did you mean", '[[expected-failures]]\nid = "STO-1"\nreason = "x"'
    ),
    "expected-wildcard": Bad((), "there is no requirement '*'", '[[expected-failures]]\nid = "*"\nreason = "x"'),
    "expected-reason": Bad((), "STO-01: a reason is missing", '[[expected-failures]]\nid = "STO-01"'),
    "expected-past": Bad(
        (),
        "STO-01: its date 2026-01-31 is past",
        '[[expected-failures]]\nid = "STO-01"\nreason = "x"\nuntil = 2026-01-31',
    ),
    "expected-key": Bad((), "did you mean 'reason'?", '[[expected-failures]]\nid = "STO-01"\nreson = "x"'),
    "own-profile": Bad((), "there is no capability 'sotre'; did you mean 'store'?", '[profiles]\nmine = ["sotre"]'),
    "profiles": Bad((), "profiles: a table of names with lists of capabilities is expected", 'profiles = "mine"'),
    "expected-list": Bad((), "expected-failures: a list of tables is expected", 'expected-failures = "STO-01"'),
    "expected-date": Bad(
        (),
        "STO-01: until is 'soon': a date such as 2027-01-31 is expected",
        '[[expected-failures]]\nid = "STO-01"\nreason = "x"\nuntil = "soon"',
    ),
    "expected-twice": Bad((), "STO-01 is listed twice", '[[expected-failures]]\nid = "STO-01"\nreason = "x"\n' * 2),
    "text": Bad((), "profile is 7: text is expected", "profile = 7"),
    "timeout": Bad((), "call-timeout-s is 0: a number of seconds above 0", "call-timeout-s = 0"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_line(pytester: pytest.Pytester, bad: Bad) -> None:
    pytester.makepyfile(managers=MANAGERS)
    if bad.toml:
        pytester.path.joinpath("claude-conformance.toml").write_text(bad.toml)
    with_manager = "--claude-manager" in bad.options or bad.message.startswith("no manager")
    options = bad.options if with_manager else (*bad.options, "--claude-manager", "reference")
    result = pytester.runpytest_subprocess("--claude-conformance", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = [line for line in result.errlines if line.strip()]
    assert len(told) == 1, told
    assert told[0].startswith("ERROR: ")
    assert bad.message in told[0]
    assert "passed" not in result.stdout.str()


def test_manager_comes_from_option_hook_ini_or_file(pytester: pytest.Pytester) -> None:
    """Each names the manager; the nearer to the command line wins."""
    pytester.makepyfile(managers=MANAGERS)
    pytester.makefile(".toml", **{"claude-conformance": 'manager = "managers:raises"'})
    pytester.makeini("[pytest]\nclaude_manager = managers:without_argument")
    ini = pytester.runpytest_subprocess("--claude-conformance")
    assert "must take one argument" in ini.stderr.str()
    pytester.makeini("[pytest]")
    toml = pytester.runpytest_subprocess("--claude-conformance")
    assert "no database" in toml.stderr.str()
    pytester.makeconftest("def pytest_claude_manager(config): return 'managers:good'")
    hook = pytester.runpytest_subprocess("--claude-conformance", "--collect-only", "-q")
    assert "claude-conformance::store::STO-01" in hook.stdout.str()
    option = pytester.runpytest_subprocess("--claude-conformance", "--claude-manager", "managers:not_callable")
    assert "a callable is expected" in option.stderr.str()


def test_directory_where_pytest_is_called_has_the_first_word(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyprojecttoml('[tool.pytest.ini_options]\n[tool.pytest-claude-sessions]\nmanager = "of-the-root:no"')
    agent = pytester.mkdir("agent")
    (agent / "claude-conformance.toml").write_text('manager = "of-the-agent:no"')
    monkeypatch.chdir(agent)
    result = pytester.runpytest("--claude-conformance")
    result.stderr.fnmatch_lines(["*of-the-agent:no does not import*"])
    (agent / "claude-conformance.toml").unlink()
    pytester.runpytest("--claude-conformance").stderr.fnmatch_lines(["*of-the-root:no does not import*"])


def test_hook_may_give_the_factory_itself(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from pytest_claude_sessions.reference import reference

        def pytest_claude_manager(config):
            return lambda environment: reference(environment)
        """
    )
    result = pytester.runpytest_subprocess("--claude-conformance", "-k", "STO-01 or STO-02", "-rs")
    assert "cannot be imported by another process" in result.stdout.str()
    assert "passed" in result.stdout.str()
