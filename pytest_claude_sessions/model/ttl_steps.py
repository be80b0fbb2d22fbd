"""Steps of `ttl`: the clock moves, rows are swept, the limit and the time zone change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from ..door import Refusal
from ..suite.judgement import CouldNotRun
from ..time_zone import UnknownTimezone
from .expectation import DAY_MS
from .sequence import Skip
from .walk import HERE, Walk

TTL = frozenset({"ttl", "store"})
HOUR_MS = 60 * 60 * 1000
SETTING = "max_session_age_ms"
PASSES: tuple[int, ...] = tuple(
    hours * HOUR_MS for hours in (1, 8, 13, 20, 25, 73, -1, -20, -46, -72, -365 * 24, 370 * 24)
)
LIMITS: tuple[int | None, ...] = (None, HOUR_MS, 72 * HOUR_MS, 1_234_567)
NO_LIMITS: tuple[Any, ...] = (0, -1, math.nan, math.inf, "24h", True, [DAY_MS])
ZONES = ("Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC")


@dataclass(frozen=True, slots=True)
class Pass:
    """The clock moves, on or back.

    :param how: which of :data:`PASSES`
    """

    how: int
    needs: ClassVar[frozenset[str]] = TTL
    moves_the_clock: ClassVar[bool] = True

    def run(self, walk: Walk) -> None:
        move(walk, PASSES[self.how % len(PASSES)])


def move(walk: Walk, ms: int) -> None:
    """Move the clock and tell it."""
    amount = f"{abs(ms) / HOUR_MS:g} h" if ms % HOUR_MS == 0 else f"{abs(ms)} ms"
    walk.say(f"the clock moves {amount} {'on' if ms >= 0 else 'back'}")
    walk.trial.clock.advance(milliseconds=ms)


@dataclass(frozen=True, slots=True)
class ToTheLimit:
    """The clock moves to where the row of a key is as old as the limit, or a millisecond older (TTL-03)."""

    key: int
    past: bool
    needs: ClassVar[frozenset[str]] = TTL
    moves_the_clock: ClassVar[bool] = True

    def run(self, walk: Walk) -> None:
        row = walk.expect.rows.get(walk.key(self.key))
        if row is None or row.session_id is None or row.low != row.high:
            raise Skip
        ms = row.high + int(walk.expect.limit_ms) + self.past - walk.now
        if not 0 < ms <= 10 * DAY_MS:
            raise Skip
        move(walk, ms)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The stale rows are swept (TTL-07)."""

    where: int = HERE
    needs: ClassVar[frozenset[str]] = TTL

    def run(self, walk: Walk) -> None:
        walk.say("a sweep", self.where)
        manager = walk.manager(self.where)
        least, most = walk.expect.swept(walk.now)
        law = "TTL-10" if walk.expect.limit_ms != DAY_MS else "TTL-07"
        with walk.under(law):
            removed = manager.sweep_stale_sessions()
        told = f"{least}" if least == most else f"{least} to {most}"
        walk.hold(law, least <= removed <= most, expected=f"a sweep that removes {told}", seen=f"it says {removed}")
        walk.add(f"{removed} removed")


@dataclass(frozen=True, slots=True)
class SetLimit:
    """The manager is started with another limit (TTL-10).

    :param limit: which of :data:`LIMITS`
    """

    limit: int
    needs: ClassVar[frozenset[str]] = TTL
    moves_the_clock: ClassVar[bool] = True

    def run(self, walk: Walk) -> None:
        limit = LIMITS[self.limit % len(LIMITS)]
        walk.say(f"the manager is restarted with {SETTING} = {limit}")
        walk.stop()
        walk.expect.limit_ms = DAY_MS if limit is None else limit
        with walk.under("TTL-10"):
            walk.restarted_with("", **{SETTING: limit})


@dataclass(frozen=True, slots=True)
class BadLimit:
    """A start with a limit that is none is refused (TTL-11).

    :param value: which of :data:`NO_LIMITS`
    """

    value: int
    needs: ClassVar[frozenset[str]] = TTL

    def run(self, walk: Walk) -> None:
        value = NO_LIMITS[self.value % len(NO_LIMITS)]
        walk.say(f"the manager is started with {SETTING} = {value!r}")
        walk.drop_others()
        with walk.under("TTL-11"):
            refusal = walk.trial.refusal_at_start(**{SETTING: value}) or "a manager that starts"
        kind, _, words = refusal.partition(": ")
        walk.hold(
            "TTL-11",
            kind == "invalid_setting" and SETTING in words,
            expected=f"the refusal invalid_setting that names {SETTING}",
            seen=refusal,
        )
        walk.add("refused")


@dataclass(frozen=True, slots=True)
class Zone:
    """The manager is started in another time zone (TTL-13).

    :param name: which of :data:`ZONES`
    """

    name: int
    needs: ClassVar[frozenset[str]] = TTL
    moves_the_clock: ClassVar[bool] = True

    def run(self, walk: Walk) -> None:
        name = ZONES[self.name % len(ZONES)]
        walk.say(f"the manager is restarted in the time zone {name}")
        walk.stop()
        try:
            walk.trial.clock.timezone(name)
        except UnknownTimezone as reason:
            raise CouldNotRun(str(reason)) from reason
        with walk.under("TTL-13"):
            walk.restarted(walk.trial.environment.with_env(TZ=name))


@dataclass(frozen=True, slots=True)
class LongTurn:
    """A turn outlasts the limit while a sweep runs (TTL-09)."""

    key: int
    where: int = HERE
    needs: ClassVar[frozenset[str]] = TTL | {"resume"}
    moves_the_clock: ClassVar[bool] = True

    def run(self, walk: Walk) -> None:
        key, trial = walk.key(self.key), walk.trial
        row = walk.expect.rows.get(key)
        conversation = walk.expect.conversations.get(str(row.session_id)) if row else None
        if row is None or conversation is None or conversation.damage or not conversation.path.exists():
            raise Skip
        if walk.expect.may_be_stale(row, walk.now) or not conversation.place.is_dir():
            raise Skip
        sweeper = walk.manager(self.where)
        prompt = walk.prompt()
        passed = int(walk.expect.limit_ms) + HOUR_MS
        walk.say(f"{key!r} is given a turn that lasts {passed / HOUR_MS:g} h, and in it a sweep", self.where)
        gate = trial.claude.hold(at="turn")
        dispatched = trial.background(lambda: trial.manager.dispatch(prompt, key=key, cwd=conversation.place))
        try:
            trial.reached(gate)
            trial.clock.advance(milliseconds=passed)
            spared, row_now = row.allowed, walk.expect.rows.pop(key)
            least, most = walk.expect.swept(walk.now)
            walk.expect.rows[key] = row_now
            removed = sweeper.sweep_stale_sessions()
            walk.hold("TTL-09", least <= removed <= most, expected=f"it removes {most}", seen=f"it says {removed}")
            trial.clock.advance(milliseconds=-passed)
            seen = sweeper.get_session(key)
            walk.hold("TTL-09", seen in spared, expected=f"{key!r} still gives {spared}", seen=f"it gives {seen}")
            trial.clock.advance(milliseconds=passed)
            with_clock = trial.manager
            try:
                with_clock.get_session("another key")
            except Refusal as refusal:
                walk.hold("TTL-09", False, expected="an answer", seen=str(refusal))
        finally:
            gate.open()
        result = dispatched.result()
        walk.hold("TTL-09", result.ok, expected="a turn that ends well", seen=f"{result}")
        conversation.prompts = trial.prompts(result.session_id)
        walk.expect.stored(key, str(result.session_id), walk.now, walk.now, law="TTL-09", place_known=True)
