"""Settings as the program merges them: managed, command line, local, project, user.

The managed ones are the files of a `managed-settings.d` directory in alphabetical order, here the one that
CLAUDE_FAKE_MANAGED_SETTINGS names; the real program knows `/etc/claude-code/managed-settings.d` alone.
"""

from __future__ import annotations

import os

from .json_text import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .arguments import Arguments

MANAGED = "CLAUDE_FAKE_MANAGED_SETTINGS"


class SettingsNotFound(Exception):
    """--settings names a file that is not there."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.text = f"Error: Settings file not found: {path}\n"


class Settings:
    """What is in force.

    :param parts: the sources that were read, the weakest first.
    :ivar values: the merged keys; of hooks every source's are kept.
    """

    __slots__ = ("values",)

    def __init__(self, parts: list[dict[str, Any]]) -> None:
        self.values: dict[str, Any] = {}
        hooks: dict[str, list[Any]] = {}
        for part in parts:
            self.values.update(part)
            for event, matchers in part["hooks"].items() if isinstance(part.get("hooks"), dict) else ():
                hooks.setdefault(event, []).extend(matchers)
        self.values["hooks"] = hooks

    @property
    def cleanup_days(self) -> int | None:
        """`cleanupPeriodDays`, None when it is not set."""
        days = self.values.get("cleanupPeriodDays")
        return days if isinstance(days, int) and not isinstance(days, bool) else None

    def hooks(self, event: str) -> list[dict[str, Any]]:
        """The command hooks of an event in the order in which they stand."""
        if self.values.get("disableAllHooks") is True:
            return []
        return [
            hook
            for matcher in self.values["hooks"].get(event, ())
            for hook in matcher["hooks"]
            if hook.get("type") == "command"
        ]


def read(
    arguments: Arguments,
    behaviour: Mapping[str, Any],
    *,
    config_dir: str,
    cwd: str,
    environment: Mapping[str, str],
) -> Settings:
    """Read every source that is in force.

    :param behaviour: the release's; the facet `settings` says which sources it knows and what a mistake costs.
    :param config_dir: where user and project settings are.
    :param cwd: where user and project settings are.
    :raises SettingsNotFound: when --settings names a file that is not there.
    """
    rules = behaviour["settings"]
    sources = arguments.text("setting-sources")
    wanted = ("user", "project", "local") if sources is None else tuple(s.strip() for s in sources.split(","))
    places = {
        "user": os.path.join(config_dir, "settings.json"),
        "project": os.path.join(cwd, ".claude", "settings.json"),
        "local": os.path.join(cwd, ".claude", "settings.local.json"),
    }
    parts = [_file(path, rules) for source, path in places.items() if source in wanted]
    given = arguments.text("settings")
    if given is not None:
        parts.append(_given(given, cwd, rules))
    managed = environment.get(MANAGED)
    if managed and rules["managed"]:
        try:
            names = sorted(name for name in os.listdir(managed) if name.endswith(".json") and name[0] != ".")
        except OSError:
            names = []
        parts += [_file(os.path.join(managed, name), rules) for name in names]
    return Settings(parts)


def _given(given: str, cwd: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    if given.lstrip().startswith("{"):
        return _checked(given, rules)
    path = os.path.join(cwd, given)
    if not os.path.exists(path):
        raise SettingsNotFound(path)
    return _file(path, rules)


def _file(path: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            return _checked(file.read(), rules)
    except (OSError, UnicodeDecodeError):
        return {}


def _checked(text: str, rules: Mapping[str, Any]) -> dict[str, Any]:
    try:
        values = loads(text)
    except ValueError:
        return {}
    if not isinstance(values, dict):
        return {}
    # One invalid value and the file counts for nothing: so it was in every release tried.
    days = values.get("cleanupPeriodDays", 1)
    if isinstance(days, bool) or not isinstance(days, int | float) or days < rules["least_days"]:
        return {}
    hooks = values.get("hooks", {})
    known = rules["known_events"]
    if not isinstance(hooks, dict) or (known is not None and not all(event in known for event in hooks)):
        return {}
    return values if all(_hooks_valid(matchers) for matchers in hooks.values()) else {}


def _hooks_valid(matchers: Any) -> bool:
    return isinstance(matchers, list) and all(
        isinstance(matcher, dict)
        and isinstance(matcher.get("hooks"), list)
        and all(isinstance(hook, dict) and isinstance(hook.get("type"), str) for hook in matcher["hooks"])
        for matcher in matchers
    )
