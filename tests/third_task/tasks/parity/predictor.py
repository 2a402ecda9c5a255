"""The codec, the model and the predictor of the toy task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from bilstm_nlp.config.parity import ParityConfig
from torch import Tensor, nn
from torch.nn import functional

from bilstm_nlp.data.lines import numbered_lines
from bilstm_nlp.errors import DataError
from bilstm_nlp.nn.encoder import Sequences
from bilstm_nlp.nn.model import Loss, Model
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.base import Answer, Restored
from bilstm_nlp.tasks.layers import encoder
from bilstm_nlp.tasks.request import Request

A = TypeVar("A")
OtherA = TypeVar("OtherA")
LONGEST = 8


def read_bits(source: str) -> list[str]:
    """Return the lines. Raises `DataError` for a line that is not a sequence of bits."""
    lines = []
    for number, line in numbered_lines(source, "utf-8"):
        if not line or set(line) - {"0", "1"} or len(line) > LONGEST:
            raise DataError(source, f"up to {LONGEST} bits", repr(line), number)
        lines.append(line)
    return lines


@dataclass(frozen=True)
class BitBatch(Generic[A]):
    """B sequences of at most T bits."""

    bits: A
    """(B, T) int64"""
    lengths: A
    """(B,) int64"""
    odd: A
    """(B,) int64: 1 if the number of ones is odd."""

    def __len__(self) -> int:
        return len(self.lengths)

    def __str__(self) -> str:
        return f"{len(self)} sequences of bits"

    def mapped(self, convert: Callable[[A], OtherA]) -> BitBatch[OtherA]:
        return BitBatch(convert(self.bits), convert(self.lengths), convert(self.odd))


class ParityCodec:
    """A codec that learns the longest length only."""

    def __init__(self, longest: int) -> None:
        self.longest = longest

    def to_json(self) -> dict[str, Any]:
        return {"longest": self.longest}

    def tensors(self) -> Mapping[str, Any]:
        return {}

    def batch(self, lines: Sequence[str]) -> BitBatch[Any]:
        bits = np.zeros((len(lines), max(map(len, lines))), np.int64)
        for row, line in enumerate(lines):
            bits[row, : len(line)] = [int(bit) for bit in line]
        return BitBatch(bits, np.array([len(line) for line in lines]), bits.sum(axis=1) % 2)


class BitEmbedder(nn.Module):
    def __init__(self, outputs: int = 3) -> None:
        super().__init__()
        self.table, self.outputs = nn.Embedding(2, outputs), outputs

    def forward(self, batch: BitBatch[Tensor]) -> Sequences:
        return Sequences(self.table(batch.bits), batch.lengths)


class ParityHead(nn.Module):
    """A class from the state at the last bit."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.projection = nn.Linear(inputs, 2)

    def logits(self, states: Tensor, batch: BitBatch[Tensor]) -> Tensor:
        return self.projection(states[torch.arange(len(states)), batch.lengths - 1])

    def loss(self, states: Tensor, batch: BitBatch[Tensor]) -> Loss:
        total = functional.cross_entropy(self.logits(states, batch), batch.odd, reduction="sum")
        return Loss(total, torch.tensor(len(batch)))

    def decode(self, states: Tensor, batch: BitBatch[Tensor]) -> Tensor:
        """(B, 2) probabilities"""
        return self.logits(states, batch).softmax(dim=1)


def model(config: ParityConfig) -> Model[BitBatch[Tensor], Tensor]:
    embedder = BitEmbedder()
    shared = encoder(config.encoder, embedder.outputs, input_dropout=0.0, output_dropout=0.0)
    return Model(embedder, shared, None, ParityHead(shared.outputs))


@torch.no_grad()
def probabilities(classifier: nn.Module, codec: ParityCodec, lines: Sequence[str]) -> Any:
    """(N, 2)"""
    device = next(classifier.parameters()).device
    return classifier.decode(on(codec.batch(lines), device)).cpu().numpy()


class ParityPredictor:
    """A trained classifier of bits."""

    def __init__(self, classifier: Model[BitBatch[Tensor], Tensor], codec: ParityCodec) -> None:
        self.model, self.codec = classifier, codec

    def predictions(self, request: Request) -> Iterator[bytes]:
        request.check("parity classifier", ("csv",), ("known", "nbest", "attention", "plot"))
        lines = read_bits(request.source)
        yield b"bits,odd\n"
        for line, row in zip(lines, probabilities(self.model, self.codec, lines), strict=True):
            yield f"{line},{row.argmax()}\n".encode()

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        rows = probabilities(self.model, self.codec, inputs)
        return [Answer(row.tolist(), [str(row.argmax())]) for row in rows]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        return ["01" * LONGEST]


def restored(config: ParityConfig, codec: dict[str, Any], arrays: Mapping[str, Any]) -> Restored:
    untrained = model(config)
    return Restored(ParityPredictor(untrained, ParityCodec(codec["longest"])), untrained)
