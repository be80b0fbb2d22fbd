"""The model: which id each key may give at a moment, which conversations there are, which ids are given up."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

DAY_MS = 24 * 60 * 60 * 1000

_AFTER_A_START = {"STO-01": "STO-02", "STO-04": "STO-02", "RES-01": "RES-03", "RES-02": "RES-03"}
"""What a wrong id breaches once the manager was started anew."""


@dataclass(slots=True)
class Row:
    """What is known of a key.

    A clock that steps back leaves open how old a row is: it was used at `low` at the earliest and at `high` at the
    latest, in epoch ms. What is judged holds for both.

    :param allowed: the ids that may be offered, None for no id; more than one where it is not known
    :param law: the requirement that a wrong id breaches
    :param place_known: whether the manager was told where the conversation is
    :param ahead: whether its stamp was ever of the future
    """

    allowed: set[str | None]
    low: int
    high: int
    law: str = "STO-01"
    place_known: bool = False
    ahead: bool = False

    @property
    def session_id(self) -> str | None:
        """The id, where it is known."""
        return next(iter(self.allowed)) if len(self.allowed) == 1 else None


@dataclass(slots=True)
class Conversation:
    """A conversation that a dispatch began.

    :param prompts: what it holds on the disk, in order
    :param place: where it was started
    :param path: its transcript
    :param damage: what was done to the transcript, empty for nothing
    :param options: the other options that Claude got, with the settings they belong to
    """

    session_id: str
    prompts: list[str]
    place: Path
    path: Path
    damage: str = ""
    options: tuple[object, list[str]] | None = None


@dataclass(slots=True)
class Shelf:
    """The rows of one config dir."""

    rows: dict[str, Row] = field(default_factory=dict)
    workspaces: dict[str, str] = field(default_factory=dict)


class Expectation:
    """What must hold, as far as it follows from the steps so far.

    :param ages: whether ids expire at all (the capability `ttl`)
    """

    def __init__(self, *, ages: bool) -> None:
        self.ages = ages
        self.limit_ms: float = DAY_MS
        self.shelves: dict[str, Shelf] = {"": Shelf()}
        self.current = ""
        self.conversations: dict[str, Conversation] = {}
        self.given_up: dict[str, str] = {}

    @property
    def shelf(self) -> Shelf:
        """That of the config dir in use."""
        return self.shelves.setdefault(self.current, Shelf())

    @property
    def rows(self) -> dict[str, Row]:
        """Its rows."""
        return self.shelf.rows

    def must_be_stale(self, row: Row, now: int) -> bool:
        """Whether a row has certainly rested too long."""
        return self.ages and now - row.high > self.limit_ms

    def may_be_stale(self, row: Row, now: int) -> bool:
        """Whether a row may have rested too long."""
        return self.ages and now - row.low > self.limit_ms

    def called(self, now: int) -> None:
        """The manager is called: a stamp of the future may count as now from here on (TTL-12)."""
        for shelf in self.shelves.values():
            for row in shelf.rows.values():
                if row.high > now:
                    row.ahead = True
                row.low = min(row.low, now)

    def looked_at(self, row: Row, now: int) -> None:
        """The manager is asked for this row: a stamp of the future counts as now at the latest (TTL-12)."""
        row.high = min(row.high, now)

    def started(self, now: int) -> None:
        """A manager starts, and sweeps (TTL-08)."""
        mine = self.shelf
        for shelf in self.shelves.values():
            own = shelf is mine
            for row in shelf.rows.values():
                row.law = _AFTER_A_START.get(row.law, row.law)
                if own and self.must_be_stale(row, now):
                    self.gone(row, "TTL-08")
                elif self.may_be_stale(row, now):
                    row.allowed.add(None)
        self.called(now)

    def swept(self, now: int) -> tuple[int, int]:
        """A sweep: how many rows it removes at least and at most."""
        least = most = 0
        mine = self.shelf
        for shelf in self.shelves.values():
            own = shelf is mine
            for row in shelf.rows.values():
                if row.allowed == {None} or not self.may_be_stale(row, now):
                    continue
                most += 1
                if own and self.must_be_stale(row, now):
                    least += None not in row.allowed
                    self.gone(row, "TTL-07")
                else:
                    row.allowed.add(None)
        self.called(now)
        for row in self.rows.values():
            self.looked_at(row, now)
        return least, most

    def stored(self, key: str, session_id: str, before: int, after: int, *, law: str, place_known: bool) -> None:
        """The manager said that it stored an id, between two instants."""
        self.rows[key] = Row({session_id}, before, after, law, place_known)
        self.given_up.pop(session_id, None)

    def gone(self, row: Row, law: str) -> None:
        """The row is deleted."""
        row.allowed, row.law = {None}, law

    def offered(self, key: str, now: int) -> tuple[set[str | None], str]:
        """What a key may give now, with the requirement that anything else breaches."""
        row = self.rows.get(key)
        if row is None:
            elsewhere = any(key in shelf.rows for shelf in self.shelves.values() if shelf is not self.shelf)
            return {None}, "STO-13" if elsewhere else "STO-01"
        if self.must_be_stale(row, now):
            return {None}, self._law_of_age(row, now)
        if self.may_be_stale(row, now):
            return row.allowed | {None}, "TTL-12"
        return row.allowed, self._law_of_age(row, now) if self.ages and now - row.low > 0 else row.law

    def _law_of_age(self, row: Row, now: int) -> str:
        if row.allowed == {None}:
            return row.law
        if row.ahead:
            return "TTL-12"
        if self.limit_ms != DAY_MS:
            return "TTL-10"
        over = now - row.high - self.limit_ms
        if -1000 <= over <= 1000:
            return "TTL-03"
        if over <= 0:
            return row.law if row.law[:3] in ("RES", "STO") and now - row.low < 60_000 else "TTL-02"
        return "TTL-01"
