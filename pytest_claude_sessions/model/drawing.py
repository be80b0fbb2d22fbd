"""Which sequences hypothesis draws: of each theme some, so that steps that belong together meet."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from .dispatch_steps import (
    ChangeRelease,
    Configure,
    Decoy,
    Dispatch,
    InsideClaude,
    Lose,
    RemovePlace,
)
from .mishaps import MISHAPS
from .sequence import KEYS, PLACES, PROMPTS, Sequence, Step
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
from .ttl_steps import LIMITS, NO_LIMITS, PASSES, ZONES, BadLimit, LongTurn, Pass, Sweep, SetLimit, ToTheLimit, Zone
from .walk import BESIDE, HERE, PROCESS

Steps = st.SearchStrategy[Step]

SLOW = {"many writers": 2, "long turns": 5, "processes": 8, "dispatch in processes": 6}
"""Themes whose steps start many processes, with the most steps of a sequence."""

RELEASES = ("1.0.31", "1.0.128", "2.0.77", "2.1.50")


def _below(number: int) -> st.SearchStrategy[int]:
    return st.integers(0, number - 1)


_KEY = _below(2)
_ANY_KEY = _below(3)
_WHERE = st.sampled_from((HERE, HERE, BESIDE))
_ELSEWHERE = st.sampled_from((HERE, PROCESS))


def _themes() -> dict[str, list[Steps]]:
    store = st.builds(Store, _ANY_KEY, st.booleans(), _WHERE)
    read = st.builds(Read, _ANY_KEY, _WHERE)
    restart = st.just(Restart())
    pass_ = st.builds(Pass, _below(len(PASSES)))
    limit = st.builds(ToTheLimit, _KEY, st.booleans())
    sweep = st.builds(Sweep, _WHERE)
    plain = st.builds(Dispatch, _KEY, _below(2), st.just(0), _WHERE)
    odd = st.builds(Dispatch, _KEY, st.just(0), st.integers(1, len(MISHAPS) - 1))
    return {
        "store": [store, store, read, restart],
        "no ids": [store, st.builds(StoreNoId, _KEY, _below(len(NOT_IDS))), read],
        "damage": [store, st.builds(DamageStore, _KEY, _below(len(DAMAGES)), _below(2)), restart],
        "another hand": [store, st.builds(Plant, _KEY, _below(1 + len(STAMPS))), st.builds(PlantNewer, _KEY), read, pass_],
        "no disk": [store, st.builds(ReadOnlyStore, _KEY), st.just(Mask()), read],
        "two config dirs": [store, st.just(ChangeConfigDir()), read],
        "processes": [
            st.builds(Store, _ANY_KEY, st.just(False), _ELSEWHERE),
            st.builds(Read, _ANY_KEY, _ELSEWHERE),
            st.just(Kill()),
            restart,
        ],
        "many writers": [store, st.just(WriteAtOnce()), st.just(KillWriter())],
        "age": [store, store, read, pass_, pass_, limit, sweep],
        "limits": [store, read, pass_, limit, sweep, st.builds(SetLimit, _below(len(LIMITS))), restart],
        "bad limits": [store, st.builds(BadLimit, _below(len(NO_LIMITS)))],
        "time zones": [store, read, st.builds(Zone, _below(len(ZONES))), pass_, limit],
        "dispatch": [plain, plain, restart, st.builds(Lose, _KEY)],
        "mishaps": [plain, odd, odd],
        "surroundings": [
            plain,
            plain,
            st.builds(RemovePlace, _below(2)),
            st.just(Decoy()),
            st.just(InsideClaude()),
            st.just(Configure()),
        ],
        "releases": [plain, plain, plain, st.builds(ChangeRelease, st.sampled_from(RELEASES))],
        "age of turns": [plain, plain, odd, pass_, pass_, read],
        "long turns": [plain, st.builds(LongTurn, _KEY, _ELSEWHERE), pass_],
        "dispatch in processes": [st.builds(Dispatch, _KEY, _below(2), st.just(0), _ELSEWHERE), st.just(Kill()), read],
    }  # fmt: skip


def sequences(capabilities: Iterable[str], *, moves_the_clock: bool, longest: int) -> st.SearchStrategy[Sequence]:
    """Sequences for a manager.

    :param capabilities: that are judged
    :param moves_the_clock: whether its clock can be moved
    :param longest: most steps of one
    """
    claimed = frozenset(capabilities)

    def fits(step: Step) -> bool:
        return step.needs <= claimed and (moves_the_clock or not getattr(step, "moves_the_clock", False))

    themes = [
        st.lists(st.one_of(steps).filter(fits), min_size=1, max_size=min(longest, SLOW.get(name, longest)))
        for name, steps in _themes().items()
    ]
    return st.builds(
        Sequence,
        st.one_of(themes).map(tuple),
        st.sampled_from((0, *range(len(KEYS)))),
        st.sampled_from((0, *range(len(PLACES)))),
        st.sampled_from((0, *range(len(PROMPTS)))),
    )
