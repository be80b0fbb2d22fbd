"""The exponent of growth is that of the power law that the costs follow."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.growth import exponent, last_exponent
from benchmarks.result import Growth


@given(power=st.floats(-2, 3), factor=st.floats(1e-6, 1e3), first=st.integers(1, 1000))
def test_power_law_is_found(power: float, factor: float, first: int) -> None:
    sizes = [first, 10 * first, 100 * first]
    costs = [factor * size**power for size in sizes]
    assert exponent(sizes, costs) == pytest.approx(power, abs=1e-6)
    assert last_exponent(sizes, costs) == pytest.approx(power, abs=1e-6)


def test_fixed_cost_hides_least_between_the_last_sizes() -> None:
    sizes, costs = (10, 100, 1000), [1 + 0.01 * size for size in (10, 100, 1000)]
    assert exponent(sizes, costs) < last_exponent(sizes, costs) < 1


def test_noise_about_a_line_stays_near_one() -> None:
    sizes = (10, 100, 1000)
    assert exponent(sizes, (1.1, 9.5, 104)) == pytest.approx(math.log10(104 / 1.1) / 2)


@pytest.mark.parametrize(
    ("sizes", "costs"), [((1,), (1,)), ((1, 1), (1, 2)), ((1, 2), (1, 0)), ((0, 1), (1, 1)), ((1, 2), (1,))]
)
def test_what_has_no_exponent_is_refused(sizes: tuple[int, ...], costs: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="exponent"):
        exponent(sizes, costs)


def test_above_linear_is_told_from_the_worse_of_both() -> None:
    assert not Growth("x", "files", (1, 10, 100), (1, 10, 100)).above_linear
    assert Growth("x", "files", (1, 10, 100), (1, 100, 10_000)).above_linear
    assert Growth("x", "files", (1, 10, 100), (1, 1.1, 20)).above_linear
