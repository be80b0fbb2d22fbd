from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.claude.arguments import parse
from pytest_claude_sessions.claude.release import Release
from pytest_claude_sessions.claude.settings import MANAGED, Settings, SettingsNotFound, read

from .conftest import STREAM, World


def hook(command: str) -> dict[str, Any]:
    return {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": command}]}]}}


class Places:
    """Where settings can be."""

    def __init__(self, root: Path) -> None:
        self.user = root / "cfg" / "settings.json"
        self.project = root / "repo" / ".claude" / "settings.json"
        self.local = root / "repo" / ".claude" / "settings.local.json"
        self.flag = root / "flag.json"
        self.managed = root / "managed"
        self.managed.mkdir()
        for path in (self.user, self.project):
            path.parent.mkdir(parents=True)
        self.root = root

    def read(self, *words: str, version: str = "2.1.329") -> Settings:
        release = Release.of(version)
        return read(
            parse(["-p", *words], release),
            release.behaviour,
            config_dir=str(self.root / "cfg"),
            cwd=str(self.root / "repo"),
            environment={MANAGED: str(self.managed)},
        )

    def commands(self, *words: str, version: str = "2.1.329") -> list[str]:
        return [found["command"] for found in self.read(*words, version=version).hooks("Stop")]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def write_everywhere(places: Places) -> None:
    for name in ("user", "project", "local", "flag"):
        getattr(places, name).write_text(json.dumps({**hook(name), "cleanupPeriodDays": len(name)}))
    (places.managed / "30-x.json").write_text(json.dumps(hook("managed")))


def test_hooks_of_every_source_run(places: Places) -> None:
    write_everywhere(places)
    assert places.commands("--settings", str(places.flag)) == ["user", "project", "local", "flag", "managed"]


@pytest.mark.parametrize(
    ("sources", "commands"),
    [("", []), ("user", ["user"]), ("project", ["project"]), ("user,project,local", ["user", "project", "local"])],
)
def test_setting_sources_choose(places: Places, sources: str, commands: list[str]) -> None:
    # Measured: what --settings names and what is managed counts whatever the sources are.
    write_everywhere(places)
    found = places.commands(f"--setting-sources={sources}", "--settings", str(places.flag))
    assert found == [*commands, "flag", "managed"]


def test_managed_files_merge_in_alphabetical_order(places: Places) -> None:
    for name, days in (("99-z.json", 9), ("10-a.json", 1), ("30-coder-lifecycle.json", 3)):
        (places.managed / name).write_text(json.dumps({"cleanupPeriodDays": days}))
    (places.managed / "99-zz.txt").write_text('{"cleanupPeriodDays": 5}')
    assert places.read().cleanup_days == 9


def test_managed_wins_over_the_user(places: Places) -> None:
    places.user.write_text('{"cleanupPeriodDays": 2}')
    assert places.read().cleanup_days == 2
    (places.managed / "x.json").write_text('{"cleanupPeriodDays": 60}')
    assert places.read().cleanup_days == 60


@pytest.mark.parametrize(("version", "days"), [("2.1.50", 2), ("2.1.112", 60)])
def test_old_releases_know_no_managed_directory(places: Places, version: str, days: int) -> None:
    places.user.write_text('{"cleanupPeriodDays": 2}')
    (places.managed / "x.json").write_text('{"cleanupPeriodDays": 60}')
    assert places.read(version=version).cleanup_days == days


GOOD = hook("good")
MISTAKES: dict[str, Any] = {
    "no JSON": "{not json",
    "a list": "[]",
    "another hook is text": {**GOOD, "hooks": {**GOOD["hooks"], "PreToolUse": "nonsense"}},
    "days are text": {**GOOD, "cleanupPeriodDays": "30"},
    "days are true": {**GOOD, "cleanupPeriodDays": True},
    "days are negative": {**GOOD, "cleanupPeriodDays": -1},
    "a hook has no type": {"hooks": {"Stop": [{"hooks": [{"command": "good"}]}]}},
    "hooks without matchers": {"hooks": {"Stop": [{"type": "command", "command": "good"}]}},
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("version", ["1.0.128", "2.1.50", "2.1.329"])
def test_one_mistake_and_the_file_counts_for_nothing(places: Places, mistake: str, version: str) -> None:
    value = MISTAKES[mistake]
    places.user.write_text(value if isinstance(value, str) else json.dumps(value))
    assert places.commands(version=version) == []
    places.user.write_text(json.dumps(GOOD))
    assert places.commands(version=version) == ["good"]


@pytest.mark.parametrize(("version", "commands"), [("2.1.50", []), ("2.1.112", ["good"])])
def test_an_unknown_event_is_a_mistake_in_old_releases(places: Places, version: str, commands: list[str]) -> None:
    places.user.write_text(json.dumps({"hooks": {**GOOD["hooks"], "Frob": []}}))
    assert places.commands(version=version) == commands


def test_a_byte_order_mark_and_a_matcher_do_no_harm(places: Places) -> None:
    value = {"hooks": {"Stop": [{"matcher": "", "hooks": [{"type": "command", "command": "good"}]}]}}
    places.user.write_text("\ufeff" + json.dumps(value))
    assert places.commands() == ["good"]


def test_hooks_can_be_disabled(places: Places) -> None:
    places.user.write_text(json.dumps({**GOOD, "disableAllHooks": True}))
    assert places.commands() == []


def test_settings_can_be_given_as_text(places: Places) -> None:
    assert places.commands("--settings", json.dumps(GOOD)) == ["good"]


def test_a_settings_file_that_is_not_there_is_refused(places: Places, world: World) -> None:
    with pytest.raises(SettingsNotFound):
        places.read("--settings", "/no/such.json")
    ran = world.turn("x", "--settings", "/no/such.json")
    assert (ran.status, ran.err) == (1, "Error: Settings file not found: /no/such.json\n")
    assert world.cli.starts[0].outcome == "usage"


@pytest.mark.parametrize(("release", "written"), [("2.1.50", False), ("2.1.112", True)])
def test_zero_days_keep_nothing_where_they_are_accepted(release: str, written: bool, make_world: Any) -> None:
    # Measured: 2.1.50 writes no transcript then; 2.1.112 finds the setting invalid and ignores the file.
    world: World = make_world(release)
    (world.config_dir / "settings.json").write_text('{"cleanupPeriodDays": 0}')
    ran = world.run("-p", "hello", *STREAM)
    assert ran.status == 0
    assert world.path(ran.ids[0]).exists() == written


def test_the_journal_tells_the_retention_in_force(world: World) -> None:
    (world.config_dir / "settings.json").write_text('{"cleanupPeriodDays": 45}')
    world.turn()
    assert world.cli.starts[0].raw["settings"] == {"cleanupPeriodDays": 45}
