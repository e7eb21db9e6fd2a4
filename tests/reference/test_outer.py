"""Products as two factors give the figures of products as they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neurodiff.reference.outer import Listed, Outer
from neurodiff.validation import sums
from neurodiff.validation.sums import Gathered, Sums

#: Of both signs, and often 0.
NUMBERS = st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.25, -0.7, 3.0])
#: Errors of 3 units and activities of 4, in 5 moments.
FACTORS = st.tuples(
    arrays(float, (5, 3), elements=NUMBERS), arrays(float, (5, 4), elements=NUMBERS)
)


def listed(part: Outer) -> Listed:
    """The same, one number for each synapse."""
    return Listed(np.einsum("ti,tj->tij", part.x, part.delta).reshape(len(part.x), -1))


@given(FACTORS, FACTORS)
def test_figures_of_factors_are_those_of_products(g, truth):
    g, truth = Outer(*g), Outer(*truth)
    one, other = listed(g), listed(truth)
    for name in ("inner", "square_of_difference"):
        want = getattr(one, name)(other)
        np.testing.assert_allclose(getattr(g, name)(truth), want, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(g.square(), one.square(), rtol=1e-13)
    np.testing.assert_allclose(g.pairs(truth), one.pairs(other), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(g.sum(), one.sum(), rtol=1e-13, atol=1e-13)
    for found, want in zip(g.signs_agree(truth), one.signs_agree(other), strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-13, atol=1e-13)


def test_an_activity_of_the_other_sign_turns_the_sign_of_the_product():
    g, truth = Outer(np.ones((1, 1)), np.ones((1, 1))), Outer(-np.ones((1, 1)), np.ones((1, 1)))
    assert [float(part[0]) for part in g.signs_agree(truth)] == [0, 1]
    assert [float(part[0]) for part in g.signs_agree(g)] == [1, 1]


@pytest.mark.parametrize("at_once", [1, 40, 10_000])
def test_moments_that_are_gathered_give_the_same_sums(at_once, monkeypatch):
    monkeypatch.setattr(sums, "_AT_ONCE", at_once)
    rng = np.random.default_rng(0)

    def some() -> list[Outer]:
        sizes = [(3, 4), (2, 3)]
        return [Outer(rng.normal(size=(5, a)), rng.normal(size=(5, b))) for a, b in sizes]

    direct, gathered = Sums(), Sums()
    waiting = Gathered(gathered)
    for _ in range(4):
        g, truth = some(), some()
        direct.add(g, truth)
        waiting.add(g, truth)
    waiting.pass_on()
    waiting.pass_on()  # nothing waits any more
    np.testing.assert_allclose(gathered.terms, direct.terms, rtol=1e-13)
    for one, other in zip(gathered.g + gathered.truth, direct.g + direct.truth, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)
