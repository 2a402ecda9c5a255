"""Where variants differ: the same sentence tagged in several ways, the same window forecast better and worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from bilstm_nlp.studies.engines.trial import SentenceExample, Trial, WindowExample
from bilstm_nlp.tags import Span

SHOWN = 200


@dataclass(frozen=True)
class SentenceDisagreement:
    """A sentence in which not all variants find the same."""

    tokens: Sequence[str]
    gold: Sequence[Span]
    found: Mapping[str, Sequence[Span]]
    """By variant."""


@dataclass(frozen=True)
class WindowDisagreement:
    """A column of a window that not all variants forecast equally well, in scaled units."""

    series: str
    origin: str
    column: str
    past: Sequence[float]
    actual: Sequence[float]
    forecasts: Mapping[str, Sequence[float]]
    """By variant."""
    errors: Mapping[str, float]
    """By variant."""


def disagreements(trials: Sequence[Trial]) -> list[SentenceDisagreement] | list[WindowDisagreement]:
    """Of one trial a variant, all `measured_on` the same, the `SHOWN` examples on which they differ most, those first.

    Of two alike, the first in the data comes first.
    """
    if len(trials) < 2 or not trials[0].examples:
        return []
    if isinstance(trials[0].examples[0], SentenceExample):
        return sentences({trial.variant: cast(Sequence[SentenceExample], trial.examples) for trial in trials})
    return windows({trial.variant: cast(Sequence[WindowExample], trial.examples) for trial in trials})


def sentences(examples: Mapping[str, Sequence[SentenceExample]]) -> list[SentenceDisagreement]:
    """Ordered by the number of different answers, then by that of the spans which some find and others do not."""
    ranked = []
    for index, answers in enumerate(zip(*examples.values(), strict=True)):
        found = [frozenset(answer.found) for answer in answers]
        distinct = len(set(found))
        if distinct > 1:
            differing = len(frozenset.union(*found) - frozenset.intersection(*found))
            ranked.append((-distinct, -differing, index))
    return [
        SentenceDisagreement(
            tokens=next(iter(examples.values()))[index].tokens,
            gold=next(iter(examples.values()))[index].gold,
            found={variant: found[index].found for variant, found in examples.items()},
        )
        for _, _, index in sorted(ranked)[:SHOWN]
    ]


def windows(examples: Mapping[str, Sequence[WindowExample]]) -> list[WindowDisagreement]:
    """Ordered by how far apart the best and the worst error are."""
    first = next(iter(examples.values()))
    spread = np.ptp([[one.error for one in found] for found in examples.values()], axis=0)
    order = np.argsort(-spread, kind="stable")[:SHOWN]
    return [
        WindowDisagreement(
            series=first[index].series,
            origin=first[index].origin,
            column=first[index].column,
            past=first[index].past.tolist(),
            actual=first[index].actual.tolist(),
            forecasts={variant: found[index].forecast.tolist() for variant, found in examples.items()},
            errors={variant: found[index].error for variant, found in examples.items()},
        )
        for index in order.tolist()
        if spread[index] > 0
    ]
