"""Managers that are broken in `ttl`."""

from __future__ import annotations

import calendar
import math
import time
from contextlib import suppress
from typing import Any

from pytest_claude_sessions.environment import Environment
from pytest_claude_sessions.manager import DispatchRequest, DispatchResult, ManagerError
from pytest_claude_sessions.reference.age import DAY_MS, AgeLimit, now_ms
from pytest_claude_sessions.reference.dispatch import Conversation, Dispatch, Start
from pytest_claude_sessions.reference.manager import ReferenceManager
from pytest_claude_sessions.reference.program import Program
from pytest_claude_sessions.reference.store import Row, SessionStore

from . import Broken
from .store import WritesSeconds

SETTING = "max_session_age_ms"


class WithLimit(ReferenceManager):
    """Counts the age in its own way."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.limit = self.own_limit(self.limit.limit_ms)

    def own_limit(self, limit_ms: float) -> AgeLimit:
        raise NotImplementedError


# ---------------------------------------------------------------------- stale and fresh
class HidesTheRow(ReferenceManager):
    def _fresh_row(self, key: str, **more: Any) -> Row | None:
        row = self.store.row(key)
        return row if row and not self.limit.is_stale(row.last_used_at) else None


class TwoDays(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return AgeLimit(limit_ms * 2)


class NothingIsFresh(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return AgeLimit(0)


class HalfTheLimitLater(ReferenceManager):
    """Reads its own default back as hours of a half day: right until a restart."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        marker = environment.state_dir / "limit"
        if marker.exists():
            self.limit = AgeLimit(self.limit.limit_ms / 2)
        marker.write_text(str(self.limit.limit_ms))


class SecondsForMilliseconds(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return AgeLimit(limit_ms / 1000)


class Exclusive(AgeLimit):
    def is_stale(self, last_used_at: int) -> bool:
        return now_ms() - last_used_at >= self.limit_ms


class TheLimitIsStale(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return Exclusive(limit_ms)


class InWholeSeconds(AgeLimit):
    def is_stale(self, last_used_at: int) -> bool:
        return now_ms() // 1000 - last_used_at // 1000 > self.limit_ms // 1000


class CountsSeconds(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return InWholeSeconds(limit_ms)


# ---------------------------------------------------------------------- what refreshes
class SkipsTheSameIdStore(SessionStore):
    def put(self, key: str, row: Row) -> None:
        earlier = self.row(key)
        if earlier is None or earlier.session_id != row.session_id:
            super().put(key, row)


class SkipsTheSameId(ReferenceManager):
    store_type = SkipsTheSameIdStore


class SkipsTheSameIdAfterADispatch(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        before = self.store.row(str(request.key))
        result = super().dispatch(request)
        if before and result.session_id == before.session_id:
            self.store.put(str(request.key), before)
        return result


class ReadingRefreshes(ReferenceManager):
    def get_session(self, key: str) -> str | None:
        row = self._fresh_row(key)
        if row is not None:
            self.store.put(key, Row(row.session_id, now_ms(), row.cwd))
        return row.session_id if row else None


class SweepingRefreshes(ReferenceManager):
    def sweep_stale_sessions(self) -> int:
        removed = super().sweep_stale_sessions()
        for key, row in self.store.rows().items():
            self.store.put(key, Row(row.session_id, now_ms(), row.cwd))
        return removed


class FailuresRefresh(ReferenceManager):
    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        try:
            return super().dispatch(request)
        finally:
            row = self.store.row(str(request.key))
            if row is not None:
                self.store.put(str(request.key), Row(row.session_id, now_ms(), row.cwd))


class TriesRefresh(ReferenceManager):
    """Claude's failures refresh, the manager's own refusals do not."""

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        result = super().dispatch(request)
        row = self.store.row(str(request.key))
        if row is not None and not result.ok:
            self.store.put(str(request.key), Row(row.session_id, now_ms(), row.cwd))
        return result


# ---------------------------------------------------------------------- sweeps
class SweepsOneAtATime(ReferenceManager):
    def sweep_stale_sessions(self) -> int:
        doomed = [key for key, row in self.store.rows().items() if self._is_doomed(key, row)][:1]
        return self.store.remove(lambda key, row: key in doomed)


class CountsTheRows(ReferenceManager):
    def sweep_stale_sessions(self) -> int:
        rows = len(self.store.rows())
        super().sweep_stale_sessions()
        return rows


class CountsAndKeeps(ReferenceManager):
    told = False

    def sweep_stale_sessions(self) -> int:
        if self.told:
            return 0
        doomed = sum(self._is_doomed(key, row) for key, row in self.store.rows().items())
        self.told = doomed > 0
        return doomed


class SweepsAll(ReferenceManager):
    def sweep_stale_sessions(self) -> int:
        doomed = sum(self._is_doomed(key, row) for key, row in self.store.rows().items())
        if doomed:
            self.store.remove(lambda key, row: True)
        return doomed


class NoSweepAtTheStart(ReferenceManager):
    started = False

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.started = True

    def sweep_stale_sessions(self) -> int:
        return super().sweep_stale_sessions() if self.started else 0


class SweepsTheFirstAtTheStart(NoSweepAtTheStart):
    def sweep_stale_sessions(self) -> int:
        return super().sweep_stale_sessions() if self.started else SweepsOneAtATime.sweep_stale_sessions(self)  # type: ignore[arg-type]  # the other class's way, with this one's attributes


class SweepsTheRunning(ReferenceManager):
    def _is_running(self, key: str) -> bool:
        return False


class KnowsItsOwnAlone(ReferenceManager):
    """Right unless another process sweeps."""

    def __init__(self, environment: Environment) -> None:
        self.running: list[str] = []
        super().__init__(environment)

    def dispatch(self, request: DispatchRequest) -> DispatchResult:
        self.running.append(str(request.key))
        try:
            return super().dispatch(request)
        finally:
            self.running.remove(str(request.key))

    def _is_running(self, key: str) -> bool:
        return key in self.running


# ---------------------------------------------------------------------- the setting
class IgnoresTheSetting(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment.with_settings(**{SETTING: None}))


class ADayAtMost(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return AgeLimit(min(limit_ms, DAY_MS))


class SweepsByTheDefault(ReferenceManager):
    def _is_doomed(self, key: str, row: Row) -> bool:
        return AgeLimit(DAY_MS).is_stale(row.last_used_at) and not self._is_running(key)


class TakesAnyNumber(ReferenceManager):
    """Refuses what is below 1; NaN and the infinities compare as they like."""

    def __init__(self, environment: Environment) -> None:
        limit = environment.settings.get(SETTING)
        odd = isinstance(limit, (int, float)) and not math.isfinite(limit)
        super().__init__(environment.with_settings(**({SETTING: None} if odd else {})))


class TakesText(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        text = isinstance(environment.settings.get(SETTING), str)
        super().__init__(environment.with_settings(**({SETTING: None} if text else {})))


class TakesTruth(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        true = environment.settings.get(SETTING) is True
        super().__init__(environment.with_settings(**({SETTING: 1} if true else {})))


class TakesZeroForNone(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        super().__init__(environment.with_settings(**{SETTING: environment.settings.get(SETTING) or None}))


class DoesNotNameTheSetting(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        try:
            super().__init__(environment)
        except ManagerError as error:
            raise ManagerError(error.kind, "the configuration is not valid") from None


class RaisesAValueError(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        try:
            super().__init__(environment)
        except ManagerError as error:
            raise ValueError(str(error)) from None


class RefusesTheLeast(ReferenceManager):
    def __init__(self, environment: Environment) -> None:
        if environment.settings.get(SETTING) == 1:
            raise ManagerError("invalid_setting", f"{SETTING} is not above 1")
        super().__init__(environment)


class RefusesTheDefault(ReferenceManager):
    """Refuses every limit but the one it knows."""

    def __init__(self, environment: Environment) -> None:
        if environment.settings.get(SETTING, DAY_MS) not in (DAY_MS, None):
            raise ManagerError("invalid_setting", f"{SETTING} cannot be changed")
        super().__init__(environment)


# ---------------------------------------------------------------------- clocks that jump
class TrustsTheFuture(ReferenceManager):
    def _pull_back_future_rows(self) -> None:
        pass


class TrustsTheNearFuture(ReferenceManager):
    """A stamp of up to three days ahead is left as it is."""

    def _pull_back_future_rows(self) -> None:
        if any(row.last_used_at > now_ms() + 3 * DAY_MS for row in self.store.rows().values()):
            super()._pull_back_future_rows()


class Absolute(AgeLimit):
    def is_stale(self, last_used_at: int) -> bool:
        return abs(now_ms() - last_used_at) > self.limit_ms


class AgesBothWays(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return Absolute(limit_ms)

    def _pull_back_future_rows(self) -> None:
        pass


class RefusesTheFuture(ReferenceManager):
    def _pull_back_future_rows(self) -> None:
        self.store.remove(lambda key, row: row.last_used_at > now_ms())


def local_ms() -> int:
    """The local wall clock, taken for UTC."""
    return calendar.timegm(time.localtime()) * 1000 + now_ms() % 1000


class Local(AgeLimit):
    def is_stale(self, last_used_at: int) -> bool:
        return local_ms() - last_used_at > self.limit_ms


class LocalTime(WithLimit):
    def own_limit(self, limit_ms: float) -> AgeLimit:
        return Local(limit_ms)

    def set_session(self, key: str, session_id: str) -> None:
        self.store.put(key, Row(session_id, local_ms(), None))

    def _pull_back_future_rows(self) -> None:
        pass


class OffsetOfTheStart(LocalTime):
    """Right about summer time, and wrong after the zone has changed: it keeps the winter's offset."""

    def own_limit(self, limit_ms: float) -> AgeLimit:
        zone_ms = time.timezone * 1000

        class Shifted(AgeLimit):
            def is_stale(self, last_used_at: int) -> bool:
                return now_ms() - zone_ms - last_used_at > self.limit_ms

        self.zone_ms = zone_ms
        return Shifted(limit_ms)

    def set_session(self, key: str, session_id: str) -> None:
        self.store.put(key, Row(session_id, now_ms() - self.zone_ms, None))


# ---------------------------------------------------------------------- after the limit
class TriesTheStaleId(ReferenceManager):
    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        return self.store.row(key) if holding else super()._fresh_row(key, warnings=warnings)


class ContinuesProgram(Program):
    def turn(self, prompt: str, **more: Any) -> Any:
        known = any((self.env and entry.is_dir()) for entry in self.projects())
        if not more["session"] and known:
            more["session"] = ("--continue",)
        return super().turn(prompt, **more)

    def projects(self) -> list[Any]:
        from pathlib import Path

        with suppress(OSError):
            return list(Path(self.env["CLAUDE_CONFIG_DIR"], "projects").iterdir())
        return []


class ContinuesTheLatest(ReferenceManager):
    """Names no id, and gets the old conversation all the same."""

    program_type = ContinuesProgram


class ReusesTheIdDispatch(Dispatch):
    """Starts the new conversation under the id that expired."""

    def _first_start(self, conversation: Conversation, row: Row | None, cwd: Any) -> Start:
        start = super()._first_start(conversation, row, cwd)
        expired = next((w.partition("was ")[2] for w in self.warnings if w.startswith("expired:")), "")
        return Start(session_id=expired) if expired else start


class ReusesTheId(ReferenceManager):
    dispatch_type = ReusesTheIdDispatch

    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        before = self.store.row(key)
        row = super()._fresh_row(key, holding=holding)
        if warnings is not None and before is not None and row is None:
            warnings.append(f"expired: it was {before.session_id}")
        return row


class SaysNothing(ReferenceManager):
    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        return super()._fresh_row(key, holding=holding)


class SaysItOfEveryStart(ReferenceManager):
    def _fresh_row(self, key: str, *, holding: bool = False, warnings: list[str] | None = None) -> Row | None:
        row = super()._fresh_row(key, holding=holding)
        if row is None and warnings is not None:
            warnings.append("expired: starting a new conversation")
        return row


BROKEN = [
    Broken("TTL-01", HidesTheRow, "and then the clock 24 h back", subtle="the word, not the deed"),
    Broken("TTL-01", TwoDays, "an id last used 25 h ago"),
    Broken("TTL-02", NothingIsFresh, "an id last used 1 h ago"),
    Broken("TTL-02", SecondsForMilliseconds, "an id last used 1 h ago", subtle="wrong unit"),
    Broken("TTL-02", HalfTheLimitLater, "an id last used 23 h ago", subtle="until a restart"),
    Broken("TTL-03", TwoDays, "1 ms older than the limit"),
    Broken("TTL-03", TheLimitIsStale, "exactly as old as the limit", subtle="off by one"),
    Broken("TTL-03", CountsSeconds, "1 ms older than the limit", subtle="wrong unit"),
    Broken("TTL-04", SkipsTheSameId, "an id stored at 0 h and at 20 h"),
    Broken("TTL-04", SkipsTheSameIdAfterADispatch, "turns each 20 h", subtle="one method of several"),
    Broken("TTL-05", ReadingRefreshes, "looked at each 8 h"),
    Broken("TTL-05", SweepingRefreshes, "looked at each 8 h", subtle="one method of several"),
    Broken("TTL-06", FailuresRefresh, "at 20 h a dispatch of one that failed"),
    Broken("TTL-06", TriesRefresh, "at 20 h a dispatch of one that failed", subtle="one form of several"),
    Broken(
        "TTL-07",
        SweepsOneAtATime,
        "three ids 25 h old, two 23 h old, and a sweep; what it returns",
        subtle="when alone",
    ),
    Broken("TTL-07", CountsTheRows, "two ids 23 h old, and a sweep"),
    Broken("TTL-07", CountsAndKeeps, "the clock back", subtle="the word, not the deed"),
    Broken("TTL-07", SweepsAll, "'young 1'"),
    Broken("TTL-08", NoSweepAtTheStart, "older rows in"),
    Broken("TTL-08", SweepsTheFirstAtTheStart, "older rows in", subtle="when alone"),
    Broken("TTL-09", SweepsTheRunning, "a turn that has been running for 25 h"),
    Broken("TTL-09", KnowsItsOwnAlone, "a turn that has been running for 25 h", subtle="in one process"),
    Broken("TTL-10", IgnoresTheSetting, "max_session_age_ms = 3600000"),
    Broken("TTL-10", ADayAtMost, "max_session_age_ms = 259200000", subtle="the usual case"),
    Broken(
        "TTL-10", SweepsByTheDefault, "rows of nine tenths of that age, and a sweep", subtle="one method of several"
    ),
    Broken("TTL-11", TakesAnyNumber, "max_session_age_ms = nan", subtle="one form of several"),
    Broken("TTL-11", TakesText, "max_session_age_ms = '24h'"),
    Broken("TTL-11", TakesTruth, "max_session_age_ms = True", subtle="one form of several"),
    Broken("TTL-11", TakesZeroForNone, "max_session_age_ms = 0", subtle="one form of several"),
    Broken("TTL-11", RefusesTheLeast, "max_session_age_ms = 1 at the start; the refusal", subtle="off by one"),
    Broken("TTL-11", DoesNotNameTheSetting, "the configuration is not valid"),
    Broken("TTL-11", RaisesAValueError, "the start of the manager"),
    Broken("TTL-11", RefusesTheDefault, "max_session_age_ms cannot be changed"),
    Broken("TTL-12", TrustsTheFuture, "and 25 h later"),
    Broken(
        "TTL-12",
        TrustsTheNearFuture,
        "stepped 2 days, 0:00:00 back, the manager called, and 25 h later",
        subtle="one form of several",
    ),
    Broken("TTL-12", AgesBothWays, "an id stored before the clock stepped 2 days", subtle="the usual case"),
    Broken("TTL-12", RefusesTheFuture, "an id stored before the clock stepped 1:00:00 back"),
    Broken("TTL-12", WritesSeconds, "last_used_at =", subtle="wrong unit"),
    Broken("TTL-13", LocalTime, "local time of Europe/Berlin"),
    Broken("TTL-13", OffsetOfTheStart, "stored under the time zone", subtle="in one place"),
    Broken("TTL-14", TriesTheStaleId, "one start of Claude, without --resume"),
    Broken("TTL-14", ContinuesTheLatest, "a conversation with that prompt alone", subtle="the word, not the deed"),
    Broken("TTL-14", ReusesTheId, "without --resume and without that id", subtle="the word, not the deed"),
    Broken("TTL-15", SaysNothing, "that at 26 h"),
    Broken("TTL-15", SaysItOfEveryStart, "that at 0 h", subtle="the word, not the deed"),
]
