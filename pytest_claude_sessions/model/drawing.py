"""Which sequences hypothesis draws: of each theme some, so that steps that belong together meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from ..claude.release import OBSERVED
from .dispatch_steps import Dispatch
from .mishaps import DEAD, FAILING, ODD
from .process_steps import KillHolder, TwoAtOnce
from .quarantine_faults import ODD_KINDS, AtWork, CannotMove, PutOdd
from .quarantine_steps import KINDS, NO_UUIDS, Damage, EarlierBackups, PlantOfRelease, SetAside, SetAsideNoUuid
from .sequence import KEYS, PLACES, PROMPTS, WORKSPACES, Sequence, Step
from .store_faults import DAMAGES, DamageStore, KillWriter, ReadOnlyStore, WriteAtOnce
from .store_steps import (
    NOT_IDS,
    STAMPS,
    ChangeConfigDir,
    Kill,
    Mask,
    Plant,
    PlantNewer,
    Read,
    Restart,
    Store,
    StoreNoId,
)
from .surrounding_steps import ChangeRelease, Configure, Decoy, InsideClaude, Lose, RemovePlace
from .ttl_steps import (
    HOUR_MS,
    LIMITS,
    NO_LIMITS,
    PASSES,
    ZONES,
    BadLimit,
    LongTurn,
    Pass,
    SetLimit,
    Sweep,
    ToTheLimit,
    Zone,
)
from .walk import BESIDE, HERE, PROCESS
from .workspace_steps import DispatchWorkspace

Drawn = tuple[type[Step], st.SearchStrategy[Step]]
"""A kind of step, and how one of it is drawn."""

LEAST = 5
"""How many steps are drawn at least: longer sequences find more, and what fails is made short afterwards."""
CHEAP, WITH_CLAUDE, SLOW = 4, 2, 1
"""Shares of what starts nothing, of what starts Claude, and of what starts several processes a step."""
RELEASES = ("1.0.31", "1.0.128", "2.0.77", "2.1.50")


@dataclass(frozen=True, slots=True)
class Drawer:
    """How the sequences of a theme are drawn.

    :param share: how many of them there are, against those of the other themes
    """

    strategy: st.SearchStrategy[Sequence]
    share: int

    @property
    def slow(self) -> bool:
        """Whether its steps start several processes each."""
        return self.share == SLOW


def _below(number: int) -> st.SearchStrategy[int]:
    return st.integers(0, number - 1)


def _of(kind: type[Step], *fields: st.SearchStrategy[Any]) -> Drawn:
    return kind, st.builds(kind, *fields)


@dataclass(frozen=True, slots=True)
class Theme:
    """Steps that belong together.

    :param steps: of which a sequence is drawn
    :param first: what each of them begins with
    :param longest: most steps after that
    :param share: how many of its sequences there are, against those of the others
    """

    steps: tuple[Drawn, ...]
    first: tuple[Step, ...] = ()
    longest: int = 100
    share: int = CHEAP


_KEPT = st.integers(0, 31)
"""Whether a step stays: nearly always, but a failing sequence is tried without it."""
_KEY = _below(2)
_ANY_KEY = _below(3)
_WORKSPACE = _below(len(WORKSPACES))
_WHERE = st.sampled_from((HERE, HERE, BESIDE))
_ELSEWHERE = st.sampled_from((HERE, PROCESS))


def _themes() -> tuple[Theme, ...]:
    return (*_of_stores(), *_of_ages(), *_of_dispatches(), *_of_transcripts())


def _of_stores() -> tuple[Theme, ...]:
    store = _of(Store, _ANY_KEY, st.booleans(), _WHERE)
    read = _of(Read, _ANY_KEY, _WHERE)
    restart = _of(Restart)
    fixed = (Store(0), Store(1))
    odd_row = (_of(Plant, _KEY, _below(1 + len(STAMPS))), _of(PlantNewer, _KEY))
    in_processes = (_of(Store, _ANY_KEY, st.just(False), _ELSEWHERE), _of(Read, _ANY_KEY, _ELSEWHERE), _of(Kill))
    return (
        Theme((store, store, read, restart)),
        Theme((_of(StoreNoId, _KEY, _below(len(NOT_IDS))), read), (Store(0),)),
        Theme((store, _of(DamageStore, _KEY, _below(len(DAMAGES)), _below(2))), fixed, 5),
        Theme((store, *odd_row, *odd_row, read), fixed),
        Theme((_of(ReadOnlyStore, _KEY), _of(Mask), store), fixed, 5),
        Theme((store, _of(ChangeConfigDir), read), (Store(0), ChangeConfigDir())),
        Theme((*in_processes, restart), longest=8, share=SLOW),
        Theme((_of(WriteAtOnce), _of(KillWriter)), longest=1, share=SLOW),
    )


def _of_ages() -> tuple[Theme, ...]:
    store = _of(Store, _KEY, st.booleans())
    read = _of(Read, _KEY, _WHERE)
    restart = _of(Restart)
    passes = _of(Pass, _below(len(PASSES)))
    limit = _of(ToTheLimit, _KEY, st.booleans())
    sweep = _of(Sweep, _WHERE)
    fixed = (Store(0), Store(1))
    set_limit = _of(SetLimit, _below(len(LIMITS)))
    plain = _of(Dispatch, _KEY)
    failing = _of(Dispatch, _KEY, st.just(0), st.sampled_from(FAILING))
    return (
        Theme((read, passes, limit, sweep), fixed),
        Theme((store, read, passes, passes, sweep, restart), fixed),
        Theme((store, read, passes, limit, sweep, set_limit), fixed),
        Theme((read, passes, passes), (Store(0), Pass(PASSES.index(-46 * HOUR_MS)))),
        Theme((_of(BadLimit, _below(len(NO_LIMITS))),), (Store(0),)),
        Theme((store, read, _of(Zone, _below(len(ZONES))), passes, limit), (Zone(0), *fixed)),
        Theme((plain, failing, passes, passes, read), (Dispatch(0),), 8, WITH_CLAUDE),
        Theme((plain, passes, restart), (Dispatch(0), Pass(PASSES.index(25 * HOUR_MS))), 6, WITH_CLAUDE),
        Theme((_of(LongTurn, _KEY, _ELSEWHERE), passes, sweep), (Dispatch(0), Store(1)), 2, share=SLOW),
        Theme((store, passes, *(_of(Plant, _KEY, _below(1 + len(STAMPS))),) * 2, read), fixed),
    )


def _of_dispatches() -> tuple[Theme, ...]:
    plain = _of(Dispatch, _KEY, _below(2), st.just(0), _WHERE)
    same = _of(Dispatch, st.just(0))
    dead, failing, odd = (
        _of(Dispatch, st.just(0), st.just(0), st.sampled_from(kinds)) for kinds in (DEAD, FAILING, ODD)
    )
    at_first = _of(Dispatch, _KEY, st.just(0), st.sampled_from((*FAILING, *ODD)))
    begun = (Dispatch(0),)
    lose = _of(Lose, st.just(0))
    surroundings = (_of(RemovePlace, _below(2)), _of(Decoy), _of(InsideClaude), _of(Configure))
    elsewhere = _of(Dispatch, _KEY, _below(2), st.just(0), _ELSEWHERE)
    return (
        Theme((plain, plain, _of(Restart), lose), share=WITH_CLAUDE),
        Theme((dead, dead, same, lose), begun, 6, WITH_CLAUDE),
        Theme((failing, failing, failing, same), begun, 8, WITH_CLAUDE),
        Theme((failing, failing, dead, same), begun, 8, WITH_CLAUDE),
        Theme((odd, odd, same), begun, 8, WITH_CLAUDE),
        Theme((at_first, plain), longest=6, share=WITH_CLAUDE),
        Theme((plain, plain, *surroundings), begun, 8, WITH_CLAUDE),
        Theme((same, _of(ChangeRelease, st.sampled_from(RELEASES))), begun, 6, share=SLOW),
        Theme((elsewhere, _of(Kill), _of(Read, _KEY, _ELSEWHERE)), longest=5, share=SLOW),
        Theme((_of(TwoAtOnce, st.just(0), st.booleans()), _of(KillHolder, st.just(0))), begun, 2, share=SLOW),
    )


def _of_transcripts() -> tuple[Theme, ...]:
    workspace = _of(DispatchWorkspace, _WORKSPACE)
    mishap = _of(DispatchWorkspace, _KEY, st.sampled_from((*FAILING, *ODD)))
    damage = _of(Damage, _WORKSPACE, _below(len(KINDS)), st.booleans())
    aside = _of(SetAside, _WORKSPACE)
    odd = _of(PutOdd, _WORKSPACE, _below(len(ODD_KINDS)))
    garbage = KINDS.index("garbage")
    return (
        Theme((workspace, workspace, mishap, _of(Restart)), longest=8, share=WITH_CLAUDE),
        Theme((damage, aside)),
        Theme((damage, workspace), longest=8, share=WITH_CLAUDE),
        Theme((damage, aside, _of(EarlierBackups, _WORKSPACE)), (Damage(0, garbage, True), SetAside(0))),
        Theme((odd, aside, workspace), longest=6, share=WITH_CLAUDE),
        Theme((_of(CannotMove, _KEY, st.booleans()), workspace), (Damage(0, garbage),), 3, WITH_CLAUDE),
        Theme((_of(AtWork, _KEY, st.booleans()), aside), longest=2, share=SLOW),
        Theme((_of(SetAsideNoUuid, _below(len(NO_UUIDS))), aside)),
        Theme((aside, workspace, _of(PlantOfRelease, _WORKSPACE, _below(len(OBSERVED)))), longest=6, share=WITH_CLAUDE),
    )


def strategies(capabilities: Iterable[str], *, moves_the_clock: bool, longest: int, quick: bool) -> list[Drawer]:
    """How sequences for a manager are drawn, theme by theme, as far as it can be tried with them.

    :param capabilities: that are judged
    :param moves_the_clock: whether its clock can be moved
    :param longest: most steps of one, besides those that it begins with
    :param quick: leave out what starts many processes
    """
    claimed = frozenset(capabilities)

    def fits(kind: type[Step]) -> bool:
        return kind.needs <= claimed and (moves_the_clock or not getattr(kind, "moves_the_clock", False))

    found = []
    for theme in _themes():
        steps = [strategy for kind, strategy in theme.steps if fits(kind)]
        if not steps or not all(fits(type(step)) for step in theme.first) or (quick and theme.share == SLOW):
            continue
        most = min(longest, theme.longest)
        some = st.lists(st.tuples(_KEPT, st.one_of(steps)), min_size=min(LEAST, most), max_size=most)
        strategy = st.builds(
            Sequence,
            st.builds(partial(_after, theme.first), st.tuples(*[_KEPT] * len(theme.first)), some),
            st.sampled_from((0, *range(len(KEYS)))),
            st.sampled_from((0, *range(len(PLACES)))),
            st.sampled_from((0, *range(len(PROMPTS)))),
        )
        found.append(Drawer(strategy, theme.share))
    return found


def _after(first: tuple[Step, ...], kept: tuple[int, ...], then: list[tuple[int, Step]]) -> tuple[Step, ...]:
    return tuple(step for keep, step in [*zip(kept, first, strict=True), *then] if keep)
