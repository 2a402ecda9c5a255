"""Statistics of comparisons, on data whose answer is known: simulated variants, slow twins, definitions enumerated."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats

from bilstm_nlp.studies.compare import statistics
from bilstm_nlp.studies.compare.statistics import (
    RESAMPLES,
    Units,
    bootstrap,
    diebold_mariano,
    difference,
    holm,
    interval_of_mean,
    long_run_variance,
    mcnemar,
    pareto,
    resamples,
)
from tests.samples import repeats

TIMES = repeats(400)


def rng(seed=0):
    return np.random.default_rng(seed)


# --- simulated variants ----------------------------------------------------------------------------------------------


def tagger(generator, gold, hardness, seeds, skill=0.0, own=1.0, luck=0.1):
    """Entities found in sentences with `gold` (U,) ones: what is hard is hard for all variants, something is hard for
    this variant only (`own`), a seed is better or worse (`luck`), and the rest is chance."""
    unit, seed = own * generator.normal(size=len(gold)), luck * generator.normal(size=(seeds, 1))
    chance = 1 / (1 + np.exp(-(1.5 + skill + hardness + unit + seed)))
    correct = generator.binomial(np.broadcast_to(gold, chance.shape), chance)
    predicted = correct + generator.poisson(0.15, size=chance.shape)
    return Units(2.0 * correct, (predicted + gold).astype(float), lag=0)


def taggers(generator, seeds, skill=0.0, sentences=150, **kinds):
    gold, hardness = generator.poisson(2, size=sentences), generator.normal(size=sentences)
    second = tagger(generator, gold, hardness, seeds, **kinds)
    return tagger(generator, gold, hardness, seeds, skill, **kinds), second


def forecasters(generator, seeds, better=0.0, windows=800, horizon=24, phi=0.9, luck=0.02, own=0.02):
    """Errors of overlapping windows: means over the horizon of errors that are autocorrelated themselves."""

    def smooth(shape, burn=100):
        noise = signal.lfilter([1], [1, -phi], generator.normal(size=(*shape, windows + horizon + burn)))[..., burn:]
        sums = np.cumsum(noise, axis=-1)
        return (sums[..., horizon:] - sums[..., :-horizon])[..., :windows] / horizon

    hardness = 5 + smooth(())
    variants = []
    for gain in (better, 0.0):
        loss = hardness + smooth(()) - gain + luck * generator.normal(size=(seeds, 1)) + own * smooth((seeds,))
        variants.append(Units(loss, np.ones_like(loss), lag=horizon - 1))
    return variants


def rejections(make, times=TIMES):
    """In how many of as many comparisons the p-value is below 0.05."""
    generator = rng(11)
    comparisons = [difference(*make(generator), generator=generator) for _ in range(times)]
    assert all(
        (comparison.p_value < 0.05) == (not comparison.low <= 0 <= comparison.high) for comparison in comparisons
    )
    return sum(comparison.p_value < 0.05 for comparison in comparisons)


def allowed(times=TIMES):
    """Between which counts 5 in 100 fall but for once in a thousand."""
    return stats.binom.ppf([0.0005, 0.9995], times, 0.05)


@pytest.mark.parametrize(
    ("seeds", "kinds"),
    [
        (3, {}),
        (5, {"own": 0.5, "luck": 0.4}),
        (3, {"own": 0.0, "luck": 1.5}),
        (1, {"luck": 0.0}),
    ],
    ids=["sentences", "both", "seeds", "one seed"],
)
def test_equal_taggers_are_called_equal_95_times_in_100(seeds, kinds, monkeypatch):
    """The difference is due to chance in the sentences, in the seeds, or in both."""
    monkeypatch.setattr(statistics, "RESAMPLES", 400)
    low, high = allowed()
    assert low <= rejections(lambda generator: taggers(generator, seeds, **kinds)) <= high


def test_where_each_seed_errs_elsewhere_the_test_is_conservative(monkeypatch):
    """Nothing but chance in each sentence and seed: it is counted twice, as the docstring says."""
    monkeypatch.setattr(statistics, "RESAMPLES", 400)
    assert rejections(lambda generator: taggers(generator, 5, own=0.0, luck=0.0)) < TIMES * 0.04


@pytest.mark.parametrize(
    ("seeds", "kinds"),
    [
        (1, {"luck": 0.0}),
        (3, {}),
        (3, {"luck": 0.5}),
        (3, {"luck": 3.0}),
        (3, {"phi": 0.0}),
        (1, {"luck": 0.0, "windows": 100}),
    ],
    ids=["one seed", "windows", "both", "seeds", "overlap alone", "few windows"],
)
def test_equal_forecasters_are_called_equal_95_times_in_100(seeds, kinds):
    """Although the losses of windows are strongly autocorrelated."""
    low, high = allowed()
    assert low <= rejections(lambda generator: forecasters(generator, seeds, **kinds)) <= high


@pytest.mark.slow
def test_taking_overlapping_windows_for_independent_would_call_them_different():
    """So the simulation is hard enough to tell the right variance from a wrong one."""
    generator, wrong = rng(), 0
    for _ in range(20):
        first, second = (Units(units.numerator, units.denominator, 0) for units in forecasters(generator, 1, luck=0.0))
        wrong += difference(first, second, generator=generator).p_value < 0.05
    assert wrong >= 10


@pytest.mark.parametrize(("make", "gain"), [(taggers, 1.5), (forecasters, 3)], ids=["taggers", "forecasters"])
def test_a_real_difference_is_found(make, gain):
    generator = rng(3)
    comparisons = [difference(*make(generator, 4, gain), generator=generator) for _ in range(20)]
    assert sum(comparison.p_value < 0.05 for comparison in comparisons) >= 18
    sign = 1 if make is taggers else -1
    assert all(comparison.mean * sign > 0 for comparison in comparisons)


@pytest.mark.parametrize("lag", [0, 3])
def test_intervals_cover_a_known_difference_as_often_as_they_say(lag, monkeypatch):
    """Units that move the difference by 1, seeds by 0.1 and a true difference of 0.3."""
    monkeypatch.setattr(statistics, "RESAMPLES", 400)
    generator, covered, times = rng(5), 0, TIMES
    for _ in range(times):
        noise = generator.normal(size=150 + lag)
        unit = np.convolve(noise, np.ones(lag + 1) / (lag + 1), "valid") * math.sqrt(lag + 1)
        loss = generator.normal(size=(4, 150))
        move = 0.3 + unit + 0.1 * generator.normal(size=(4, 1))
        first, second = (Units(losses, np.ones_like(losses), lag) for losses in (loss + move, loss))
        interval = difference(first, second, level=0.8, generator=generator)
        covered += interval.low <= 0.3 <= interval.high
    low, high = stats.binom.ppf([0.0005, 0.9995], times, 0.8)
    assert low <= covered <= high


# --- slow twins ------------------------------------------------------------------------------------------------------


def test_the_bootstrap_agrees_with_the_delta_method():
    """Var of a difference of ratios, from its linear part (Efron and Tibshirani 1993, 5)."""
    first, second = taggers(rng(1), 3, 0.2, sentences=4000)
    linear = 0.0
    for units, sign in ((first, 1), (second, -1)):
        for numerator, denominator in zip(units.numerator, units.denominator, strict=True):
            f1 = numerator.sum() / denominator.sum()
            linear = linear + sign * (numerator - f1 * denominator) / denominator.mean() / 3
    variance, degrees = bootstrap(first, second, rng())
    # The variance of 2,000 resamples is known to within sqrt(2 / 2000).
    assert variance == pytest.approx(linear.var() / 4000, rel=4 * math.sqrt(2 / RESAMPLES))
    assert degrees == 3999


@pytest.mark.parametrize("units", [7, 3000])
def test_resamples_draw_as_many_units_as_there_are(units):
    blocks = list(resamples(units, rng()))
    weights = np.concatenate(blocks)
    assert weights.shape == (RESAMPLES, units)
    assert max(map(np.size, blocks)) <= max(statistics.CELLS, units)
    assert np.all(weights.sum(axis=1) == units)
    assert np.allclose(weights.mean(axis=0), 1, atol=6 / math.sqrt(RESAMPLES))
    assert weights.var() == pytest.approx(1 - 1 / units, rel=0.05)


def test_the_test_of_windows_equals_a_loop_over_cosines():
    """Two seeds, 40 windows that share up to 3 rows: 2 cosines. Degrees of freedom as Welch and Satterthwaite do."""
    generator = rng(2)
    first, second = (generator.exponential(size=(2, 40)) for _ in range(2))
    losses = [sum(first[s][u] - second[s][u] for s in range(2)) / 2 for u in range(40)]
    squares = []
    for wave in (1, 2):
        projection = 0.0
        for u in range(40):
            projection += losses[u] * math.sqrt(2) * math.cos(wave * math.pi * (u + 0.5) / 40)
        squares.append(projection**2 / 40)
    of_windows = sum(squares) / 2 / 40
    paired = [first[s].mean() - second[s].mean() for s in range(2)]
    of_seeds = (paired[0] - paired[1]) ** 2 / 2 / 2
    variance = of_windows + of_seeds
    degrees = variance**2 / (of_windows**2 / 2 + of_seeds**2 / 1)
    ones = np.ones((2, 40))
    comparison = difference(Units(first, ones, 3), Units(second, ones, 3), level=0.9, generator=generator)
    mean = sum(paired) / 2
    assert comparison.mean == pytest.approx(mean)
    assert comparison.p_value == pytest.approx(2 * stats.t.sf(abs(mean) / math.sqrt(variance), degrees))
    expected = stats.t.interval(0.9, degrees, mean, math.sqrt(variance))
    assert (comparison.low, comparison.high) == pytest.approx(expected)


def test_with_all_cosines_the_long_run_variance_is_the_variance():
    """They and the constant are an orthogonal basis (Parseval)."""
    values = rng(4).exponential(size=31)
    assert long_run_variance(values, 30) == pytest.approx(values.var(ddof=1))


def test_the_long_run_variance_is_right_on_average():
    """Means of h independent values have a long-run variance of 1, whatever h is; their own variance is 1/h."""
    generator, horizon, size = rng(6), 10, 2000
    variances = [
        long_run_variance(
            np.convolve(generator.normal(size=size + horizon - 1), np.ones(horizon) / horizon, "valid"), 50
        )
        for _ in range(200)
    ]
    assert np.mean(variances) == pytest.approx(1, abs=4 * math.sqrt(2 / 50 / 200) + 0.03)


def test_few_windows_leave_few_degrees_of_freedom():
    for units, lag, degrees in [(2785, 95, 7), (240, 23, 2), (40, 23, 1), (10, 23, 1)]:
        losses = rng(units).normal(size=(1, units))
        pair = [Units(losses + shift, np.ones_like(losses), lag) for shift in (0, losses**2)]
        assert diebold_mariano(*pair)[1] == degrees


def test_which_of_two_is_the_baseline_changes_the_sign_only():
    first, second = taggers(rng(7), 3, 0.5)
    forward, backward = difference(first, second, generator=rng()), difference(second, first, generator=rng())
    assert (forward.mean, forward.low, forward.high) == pytest.approx((-backward.mean, -backward.high, -backward.low))
    assert forward.p_value == pytest.approx(backward.p_value)


# --- where there is little to say -------------------------------------------------------------------------------------


def test_the_same_predictions_are_no_difference():
    for units in (taggers(rng(), 2)[0], forecasters(rng(), 2)[0]):
        comparison = difference(units, units, generator=rng())
        assert (comparison.mean, comparison.low, comparison.high, comparison.p_value) == (0, 0, 0, 1)


def test_one_unit_or_an_undefined_measure_is_not_compared():
    single = Units(np.ones((3, 1)), np.ones((3, 1)), 0)
    nothing = Units(np.zeros((3, 9)), np.array([[1.0], [0.0], [1.0]]) * np.ones(9), 0)
    diverged = Units(np.full((1, 9), np.inf), np.ones((1, 9)), 2)
    assert np.array_equal(nothing.scores, [0, np.nan, 0], equal_nan=True)
    for units in (single, nothing, diverged):
        with np.errstate(invalid="ignore"):
            assert difference(units, units, generator=rng()) is None


def test_a_resample_without_entities_does_not_count():
    """One of three sentences has all entities: 8 in 27 resamples have none."""
    first, second = (np.array([[0.0, value, 0.0]]) for value in (4.0, 2.0))
    denominator = np.array([[0.0, 4.0, 0.0]])
    comparison = difference(Units(first, denominator, 0), Units(second, denominator, 0), generator=rng())
    assert (comparison.mean, comparison.low) == (0.5, 0.5)


def test_what_does_not_fit_together_is_refused():
    units = Units(np.ones((2, 5)), np.ones((2, 5)), 0)
    with pytest.raises(ValueError, match=r"same seeds and units, found \(2, 5\), lag 0 and \(1, 5\), lag 0"):
        difference(units, Units(np.ones((1, 5)), np.ones((1, 5)), 0), generator=rng())
    with pytest.raises(ValueError, match=r"found \(2, 5\), lag 0 and \(2, 5\), lag 3"):
        difference(units, Units(np.ones((2, 5)), np.ones((2, 5)), 3), generator=rng())
    with pytest.raises(ValueError, match=r"one shape \(S, U\), found \(5,\) and \(5,\)"):
        Units(np.ones(5), np.ones(5), 0)
    with pytest.raises(ValueError, match="lag of 0 or more, found -1"):
        Units(np.ones((2, 5)), np.ones((2, 5)), -1)


def test_the_interval_of_a_mean_is_students():
    values = [0.91, 0.93, 0.88, 0.92]
    expected = stats.t.interval(0.9, 3, np.mean(values), stats.sem(values))
    assert interval_of_mean(values, 0.9) == pytest.approx(expected)
    assert interval_of_mean([0.91]) is None


# --- many variants ---------------------------------------------------------------------------------------------------


def rejected_by_definition(p_values, level):
    """Holm's procedure: from the smallest on, reject while p ≤ level / (how many are left)."""
    rejected = set()
    for index in sorted(range(len(p_values)), key=lambda i: p_values[i]):
        if p_values[index] * (len(p_values) - len(rejected)) > level:
            break
        rejected.add(index)
    return rejected


def test_holm_rejects_what_its_definition_rejects():
    grid = [0.0, 0.01, 0.02, 0.03, 0.2, 1.0]
    for count in range(5):
        for p_values in itertools.product(grid, repeat=count):
            adjusted = holm(p_values)
            assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
            for level in (0.005, 0.025, 0.05, 0.1, 0.5):
                rejected = {index for index, value in enumerate(adjusted) if value <= level}
                assert rejected == rejected_by_definition(p_values, level), (p_values, level)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
def test_the_front_is_what_nothing_beats(points):
    quality, speed = [q for q, _ in points], [s for _, s in points]
    front = pareto(quality, speed)
    for index, (q, s) in enumerate(points):
        beaten = False
        for good, fast in points:
            if (good >= q and fast > s) or (good > q and fast >= s):
                beaten = True
        assert front[index] is not beaten


# --- right or wrong --------------------------------------------------------------------------------------------------


def answers(right) -> Units:
    right = np.atleast_2d(np.asarray(right, np.float64))
    return Units(right, np.ones_like(right), lag=0)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_mcnemar_of_one_seed_is_the_binomial_test_of_the_split(pairs):
    first, second = (np.array(side, float) for side in zip(*pairs, strict=True))
    split = mcnemar(answers(first), answers(second))
    only_first, only_second = int((first > second).sum()), int((second > first).sum())
    assert (split.only_variant, split.only_baseline) == (only_first, only_second)
    total = only_first + only_second
    expected = stats.binomtest(only_first, total, 0.5).pvalue if total else 1.0
    assert split.p_value == pytest.approx(expected)


def test_mcnemar_over_seeds_is_the_median():
    right = np.array([[1, 1, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]], float)
    split = mcnemar(answers(right), answers(np.zeros_like(right)))
    assert split.only_variant == pytest.approx(5 / 3)
    assert split.p_value == pytest.approx(1.0)


def test_mcnemar_asks_for_units_that_are_right_or_wrong():
    half = Units(np.array([[0.5, 1.0]]), np.ones((1, 2)), lag=0)
    weighted = Units(np.array([[1.0, 1.0]]), np.array([[1.0, 2.0]]), lag=0)
    windows = Units(np.array([[1.0, 0.0]]), np.ones((1, 2)), lag=1)
    for units in (half, weighted, windows):
        assert mcnemar(units, units) is None
