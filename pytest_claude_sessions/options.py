"""The command line options, and what they and the configuration files together ask for (SPEC 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

TABLE = "pytest-claude-sessions"
CONFIG_FILE = "claude-conformance.toml"
REPORT_SUFFIXES = (".json", ".html", ".md", ".svg")
SEQUENCES = "200"
"""How many random sequences are tried, where `--claude-model` names no number."""
CRASH = "--claude-crash"
"""Asks for the crash points."""

_KEYS = ("manager", "profile", "profiles", "expected-failures", "call-timeout-s")
_EXPECTED_KEYS = ("id", "reason", "issue", "until")


class WrongOption(Exception):
    """An option or a key of a configuration file that cannot be taken; one line, with the remedy."""


@dataclass(frozen=True, slots=True)
class ExpectedFailure:
    """A requirement that is known to fail.

    :param until: the last day on which it may
    """

    id: str
    reason: str
    issue: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What a conformance run was asked to do.

    :param profile_named: whether the profile was asked for by name; then nothing beyond it is checked
    :param artifacts: where the worlds of failed checks are kept
    :param coverage: the package whose unreached lines are listed
    :param shard: which part of how many is run, None for all of it
    :param model: how many random sequences are tried, None where that was not asked for
    :param model_seed: of those sequences, None for the one that is always taken
    :param more: the options given that ask for more checks
    """

    manager: str | Callable[[Any], Any]
    profile: str
    capabilities: frozenset[str]
    profile_named: bool = False
    requirements: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    cli: str | None = None
    reports: tuple[Path, ...] = ()
    artifacts: Path | None = None
    coverage: str | None = None
    model: int | None = None
    model_seed: int | None = None
    strict: bool = False
    shard: tuple[int, int] | None = None
    more: tuple[str, ...] = ()
    call_timeout_s: float = 60.0
    expected_failures: Mapping[str, ExpectedFailure] = field(default_factory=dict)


def add_options(parser: pytest.Parser) -> None:
    """Register the options; nothing else happens until one of them is used."""
    group = parser.getgroup("claude-sessions", "conformance of Claude Code session managers")
    group.addoption("--claude-conformance", action="store_true", help="run the conformance suite on a session manager")
    group.addoption(
        "--claude-manager",
        metavar="SPEC",
        help="the manager: package.module:factory, 'cmd:COMMAND' for a driver over stdin and stdout, or 'reference'",
    )
    group.addoption("--claude-profile", metavar="NAME", help="capabilities that are required (default: core)")
    group.addoption(
        "--claude-requirement",
        metavar="ID",
        action="append",
        default=[],
        help="check this requirement alone (repeatable); the outcome is then partial",
    )
    group.addoption(
        "--claude-release",
        metavar="VERSION",
        action="append",
        default=[],
        help="the release that the fake claude behaves as (repeatable; default: the newest known)",
    )
    group.addoption(
        "--claude-cli",
        metavar="PATH",
        help="run this program against a loopback API instead of the fake; 'real' takes the installed one",
    )
    group.addoption(
        "--claude-report",
        metavar="PATH",
        action="append",
        default=[],
        help="write a report (repeatable): .json, .html, .md, .svg (a badge) or .badge.json (for badge services)",
    )
    group.addoption(
        "--claude-artifacts",
        metavar="DIR",
        help="keep the world of each failed check there, secrets masked: its tree, journal, transcripts and calls",
    )
    group.addoption(
        "--claude-coverage",
        metavar="PACKAGE",
        help="list the lines and branches of the manager's package that no requirement reached",
    )
    group.addoption(
        CRASH,
        action="store_true",
        help="stop the manager also before and after each call that changes its files, and let each of them fail",
    )
    group.addoption(
        "--claude-model",
        metavar="N",
        nargs="?",
        const=SEQUENCES,
        help="try N random sequences of steps (200) against a model of what must hold (needs the extra 'model')",
    )
    group.addoption("--claude-model-seed", metavar="N", help="the seed of those sequences (default: always the same)")
    group.addoption(
        "--claude-shard",
        metavar="K/N",
        help="run part K of N alone; `python -m pytest_claude_sessions.report.merge` makes one of their JSON reports",
    )
    group.addoption(
        "--claude-strict", action="store_true", help="a 'should' that does not hold makes the outcome partial"
    )
    group.addoption("--claude-explain", metavar="ID", help="print a requirement and its checks; run nothing")
    group.addoption(
        "--claude-requirements",
        metavar="FORM",
        nargs="?",
        const="text",
        choices=("text", "json"),
        help="print the list of requirements with their state, as text or json; run nothing",
    )
    parser.addini("claude_manager", "the session manager under test, as for --claude-manager")


def resolve(config: pytest.Config) -> Options:
    """Put the command line, the ini option, the hook and the configuration file together.

    :raises WrongOption: for anything that is not known, naming the nearest that is
    """
    from .suite.registry import load_registry

    registry = load_registry()
    table, source = _read_table(config.invocation_params.dir, config.rootpath)
    _only(table, _KEYS, source)
    profiles = {**registry.profiles, **_own_profiles(table, source)}
    profile = config.getoption("claude_profile") or _text(table, "profile", source) or "core"
    if profile not in profiles:
        raise WrongOption(f"--claude-profile: there is no profile {profile!r}{_nearest(profile, profiles)}")
    requirements = []
    for name in config.getoption("claude_requirement"):
        try:
            requirements.append(registry.requirement(name).id)
        except LookupError as error:
            raise WrongOption(f"--claude-requirement: {error.args[0]}") from error
    return Options(
        manager=_manager(config, table, source),
        profile=profile,
        profile_named=bool(config.getoption("claude_profile") or "profile" in table),
        capabilities=frozenset(profiles[profile]),
        requirements=tuple(requirements),
        releases=tuple(_release(name) for name in config.getoption("claude_release")),
        cli=config.getoption("claude_cli"),
        reports=tuple(_report(name) for name in config.getoption("claude_report")),
        artifacts=_artifacts(config.getoption("claude_artifacts")),
        coverage=_package(config.getoption("claude_coverage")),
        model=_sequences(config.getoption("claude_model")),
        model_seed=_seed(config),
        strict=config.getoption("claude_strict"),
        shard=_shard(config.getoption("claude_shard")),
        more=(CRASH,) if config.getoption("claude_crash") else (),
        call_timeout_s=_seconds(table, source),
        expected_failures=_expected_failures(table, source, registry.requirements),
    )


def _manager(config: pytest.Config, table: Mapping[str, Any], source: str) -> str | Callable[[Any], Any]:
    named = config.getoption("claude_manager")
    found: str | Callable[[Any], Any] | None = (
        named
        or config.hook.pytest_claude_manager(config=config)
        or config.getini("claude_manager")
        or _text(table, "manager", source)
    )
    if not found:
        raise WrongOption(
            "no manager is configured: give --claude-manager SPEC, the ini option claude_manager, `manager` in "
            f"[tool.{TABLE}], or the hook pytest_claude_manager ('reference' is the one that ships)"
        )
    return found


def _read_table(*directories: Path) -> tuple[Mapping[str, Any], str]:
    """The first configuration that one of these directories has: where pytest was called, then its root.

    A manager that has a directory of its own in a larger project is called from there, and pytest's root is then above.
    """
    import tomllib

    for path in (directory / name for directory in directories for name in (CONFIG_FILE, "pyproject.toml")):
        if not path.is_file():
            continue
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise WrongOption(f"{path.name}: not valid TOML: {error}") from error
        if path.name == CONFIG_FILE:
            return data, path.name
        table = data.get("tool", {}).get(TABLE)
        if table is not None:
            return table, f"{path.name} [tool.{TABLE}]"
    return {}, CONFIG_FILE


def _own_profiles(table: Mapping[str, Any], source: str) -> dict[str, tuple[str, ...]]:
    from .manager import CAPABILITIES

    own = table.get("profiles", {})
    if not isinstance(own, dict):
        raise WrongOption(f"{source}: profiles: a table of names with lists of capabilities is expected")
    for name, capabilities in own.items():
        for capability in capabilities if isinstance(capabilities, list) else [capabilities]:
            if capability not in CAPABILITIES:
                raise WrongOption(
                    f"{source}: profiles.{name}: there is no capability {capability!r}"
                    f"{_nearest(str(capability), CAPABILITIES)}"
                )
    return {name: tuple(capabilities) for name, capabilities in own.items()}


def _expected_failures(
    table: Mapping[str, Any], source: str, requirements: Mapping[str, Any]
) -> dict[str, ExpectedFailure]:
    listed: dict[str, ExpectedFailure] = {}
    entries = table.get("expected-failures", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise WrongOption(f"{source}: expected-failures: a list of tables is expected: [[expected-failures]]")
    for entry in entries:
        where = f"{source}: expected-failures"
        _only(entry, _EXPECTED_KEYS, where)
        name, reason, until = entry.get("id"), entry.get("reason"), entry.get("until")
        if name not in requirements:
            raise WrongOption(f"{where}: there is no requirement {name!r}{_nearest(str(name), requirements)}")
        if not isinstance(reason, str) or not reason.strip():
            raise WrongOption(f"{where}: {name}: a reason is missing")
        if until is not None and type(until) is not date:
            raise WrongOption(f"{where}: {name}: until is {until!r}: a date such as 2027-01-31 is expected")
        if until is not None and until < date.today():
            raise WrongOption(f"{where}: {name}: its date {until} is past: mend it, or agree on another date")
        if name in listed:
            raise WrongOption(f"{where}: {name} is listed twice")
        listed[name] = ExpectedFailure(name, reason, str(entry.get("issue", "")), until)
    return listed


def _only(table: Mapping[str, Any], valid: tuple[str, ...], source: str) -> None:
    for key in table:
        if key not in valid:
            raise WrongOption(f"{source}: there is no key {key!r}{_nearest(key, valid)}")


def _text(table: Mapping[str, Any], key: str, source: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise WrongOption(f"{source}: {key} is {value!r}: text is expected")
    return value


def _seconds(table: Mapping[str, Any], source: str) -> float:
    value = table.get("call-timeout-s", 60)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise WrongOption(f"{source}: call-timeout-s is {value!r}: a number of seconds above 0 is expected")
    return float(value)


def _release(name: str) -> str:
    from .claude.release import Release, UnknownRelease

    try:
        return Release.of(name).version
    except UnknownRelease as error:
        raise WrongOption(f"--claude-release: {error}") from error


def _report(name: str) -> Path:
    path = Path(name)
    if path.suffix not in REPORT_SUFFIXES:
        raise WrongOption(f"--claude-report: {name}: its name must end in {' or '.join(REPORT_SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise WrongOption(f"--claude-report: {name}: there is no directory {path.absolute().parent}")
    if path.suffix == ".html":
        _needs("jinja2", "--claude-report: an .html report", "html")
    return path.absolute()


def _artifacts(name: str | None) -> Path | None:
    if name is None:
        return None
    path = Path(name).absolute()
    if path.exists() and not path.is_dir():
        raise WrongOption(f"--claude-artifacts: {name} is not a directory")
    return path


def _package(name: str | None) -> str | None:
    if name is not None and not all(part.isidentifier() for part in name.split(".")):
        raise WrongOption(f"--claude-coverage: {name!r} is not the name of a package or module, such as my_project")
    return name


def _sequences(number: str | None) -> int | None:
    if number is None:
        return None
    if not number.isdecimal() or int(number) < 1:
        raise WrongOption(
            f"--claude-model: {number!r} is not a number of sequences: give one from 1 on, as --claude-model=200"
        )
    _needs("hypothesis", "--claude-model", "model")
    return int(number)


def _seed(config: pytest.Config) -> int | None:
    number = config.getoption("claude_model_seed")
    named = "--claude-model-seed"
    if number is None:
        number, named = config.getoption("--hypothesis-seed", None), "--hypothesis-seed"
    if number is None:
        return None
    if not str(number).isdecimal():
        raise WrongOption(f"{named}: {number!r} is not a seed: a whole number is expected")
    return int(number)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise WrongOption(f"--claude-shard: {text!r} is no part of a whole, such as 1/3, 2/3 and 3/3")
    return int(number), int(of)


def _needs(module: str, what: str, extra: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise WrongOption(f"{what} needs {module}: pip install 'pytest-claude-sessions[{extra}]'")


def _nearest(wrong: str, valid: Any) -> str:
    from .nearest import nearest

    return nearest(wrong, valid)
