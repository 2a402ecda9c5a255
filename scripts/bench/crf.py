"""Our linear-chain CRF beside torchcrf's, from a short sentence with few tags to many long ones with many."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import torch
from torchcrf import CRF

from bilstm_nlp.nn.crf.best_paths import batched_viterbi, viterbi
from bilstm_nlp.nn.crf.crf import LinearChainCrf

from .measuring import Figure, Target, geometric_means, interleaved, matched, ratios
from .report import Report, Value, installed

Seconds = dict[str, list[float]]
"""Seconds of `ours` and of the `reference`, which is torchcrf, by round."""


class Cell(NamedTuple):
    """The measurements of one size of batches."""

    likelihood: Seconds
    decoding: Seconds
    without_numba: Seconds
    """Of decoding in numpy, whether Numba is installed or not."""


def measure(*, lengths: Sequence[int], tags: Sequence[int], sentences: Sequence[int], rounds: int) -> Report:
    """Measure the ratios of all cells, T × K × B, and their geometric means."""
    torch.manual_seed(0)
    cells = {sizes: measured_cell(*sizes, rounds) for sizes in product(lengths, tags, sentences)}
    numba = installed("numba")
    return Report(
        figures={
            "likelihood_ratio": Figure(means([cell.likelihood for cell in cells.values()]), "×", Target(3, 6)),
            "decoding_ratio": Figure(means([cell.decoding for cell in cells.values()]), "×", Target(8, 15)),
            "decoding_without_numba_ratio": Figure(
                means([cell.without_numba for cell in cells.values()]), "×", Target(8, 15)
            ),
        },
        tables={
            "likelihood": [row(sizes, cell.likelihood) for sizes, cell in cells.items()],
            "decoding": [row(sizes, cell.decoding) for sizes, cell in cells.items()],
            "decoding_without_numba": [row(sizes, cell.without_numba) for sizes, cell in cells.items()],
        },
        notes=(
            "torchcrf's time / ours; likelihood: its logarithm and backward, to emissions and parameters; decoding: "
            "Viterbi, to lists; sentences of T/2 to T tokens; the figures are geometric means over all cells",
            f"numba (the extra `fast`): {'not installed' if numba is None else numba}",
        ),
    )


def measured_cell(length: int, tags: int, sentences: int, rounds: int) -> Cell:
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

    def decoding_in_numpy() -> None:
        batched_viterbi(chain, arrays, mask.sum(1).numpy())[0].tolist()

    @torch.no_grad()
    def their_decoding() -> None:
        theirs.decode(emissions, mask)  # type: ignore[arg-type]  # bool is what it now wants

    pairs = (
        (our_likelihood, their_likelihood),
        (our_decoding, their_decoding),
        (decoding_in_numpy, their_decoding),
    )
    return Cell(*(interleaved(matched(*pair, at_least=0.02, at_most=0.3), rounds) for pair in pairs))


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
