"""Our linear-chain CRF beside torchcrf's, from a short sentence with few tags to many long ones with many."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import product

import torch
from torchcrf import CRF

from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.crf import LinearChainCrf

from .measuring import Figure, Target, geometric_means, interleaved, matched, ratios
from .report import Report, Value, installed

Seconds = dict[str, list[float]]
"""Seconds of `ours` and of the `reference`, which is torchcrf, by round."""


def measure(*, lengths: Sequence[int], tags: Sequence[int], sentences: Sequence[int], rounds: int) -> Report:
    """Measure the ratios of all cells, T × K × B, and their geometric means."""
    torch.manual_seed(0)
    cells = {sizes: cell(*sizes, rounds) for sizes in product(lengths, tags, sentences)}
    numba = installed("numba")
    return Report(
        figures={
            "likelihood_ratio": Figure(means([likelihood for likelihood, _ in cells.values()]), "×", Target(3, 6)),
            "decoding_ratio": Figure(means([decoding for _, decoding in cells.values()]), "×", Target(8, 15)),
        },
        tables={
            "likelihood": [row(sizes, likelihood) for sizes, (likelihood, _) in cells.items()],
            "decoding": [row(sizes, decoding) for sizes, (_, decoding) in cells.items()],
        },
        notes=(
            "torchcrf's time / ours; likelihood: its logarithm and backward, to emissions and parameters; decoding: "
            "Viterbi, to lists; sentences of T/2 to T tokens; the figures are geometric means over all cells",
            f"numba (the extra `fast`): {'not installed' if numba is None else numba}",
        ),
    )


def cell(length: int, tags: int, sentences: int, rounds: int) -> tuple[Seconds, Seconds]:
    """Measure the seconds of both for the likelihood with its gradients, and for decoding."""
    ours, theirs = LinearChainCrf(tags), CRF(tags, batch_first=True)
    emissions = torch.randn(sentences, length, tags, requires_grad=True)
    gold = torch.randint(tags, (sentences, length))
    lengths = torch.randint(max(1, length // 2), length + 1, (sentences,))
    lengths[0] = length
    mask = torch.arange(length) < lengths[:, None]

    def our_likelihood() -> None:
        torch.autograd.grad(ours.log_likelihood(emissions, gold, mask).sum(), [emissions, *ours.parameters()])

    def their_likelihood() -> None:
        torch.autograd.grad(theirs(emissions, gold, mask, reduction="sum"), [emissions, *theirs.parameters()])

    chain, arrays = ours.chain_scores(), emissions.detach().numpy()

    def our_decoding() -> None:
        viterbi(chain, arrays, mask.sum(1).numpy())[0].tolist()

    @torch.no_grad()
    def their_decoding() -> None:
        theirs.decode(emissions, mask)  # type: ignore[arg-type]  # bool is what it now wants

    likelihood = matched(our_likelihood, their_likelihood, at_least=0.02, at_most=0.3)
    decoding = matched(our_decoding, their_decoding, at_least=0.02, at_most=0.3)
    return interleaved(likelihood, rounds), interleaved(decoding, rounds)


def means(cells: Sequence[Seconds]) -> list[float]:
    """Return the geometric mean of the cells' ratios in each round."""
    return geometric_means([ratios(seconds["reference"], seconds["ours"]) for seconds in cells])


def row(sizes: tuple[int, ...], seconds: Seconds) -> dict[str, Value]:
    """Return the table row of a cell: its milliseconds and its ratio."""
    length, tags, sentences = sizes
    ratio = Figure(ratios(seconds["reference"], seconds["ours"]), "×")
    lower, upper = ratio.quartiles
    return {
        "T": length,
        "K": tags,
        "B": sentences,
        "ours_ms": 1000 * statistics.median(seconds["ours"]),
        "torchcrf_ms": 1000 * statistics.median(seconds["reference"]),
        "ratio": ratio.median,
        "lower_quartile": lower,
        "upper_quartile": upper,
    }
