"""The shared encoder: stacked recurrent layers in one or both directions, exact under padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn import functional

from bilstm_nlp.batch import SentenceWindows
from bilstm_nlp.nn.padding import reversed_steps

LEVELS = 2**16
"""Probabilities of dropout that can be told apart."""


class Sequences(NamedTuple):
    """What is to be read."""

    inputs: Tensor
    """(B, T, D)"""
    lengths: Tensor
    """(B,) time steps of each sequence; what stands beyond them is padding."""
    windows: SentenceWindows[Tensor] | None = None
    """How sequences are read together; None where each is read by itself."""


class Dropout(nn.Module):
    """Dropout of single numbers, or with one mask for all time steps of a sequence (Gal and Ghahramani 2016).

    Probabilities are multiples of 2⁻¹⁶, so that a random number of 64 bits decides for four: torch's own dropout draws
    one for each, which took a seventh of a forecaster's training step on a CPU.
    """

    def __init__(self, probability: float, *, locked: bool) -> None:
        super().__init__()
        self.dropped, self.locked = round(probability * LEVELS), locked

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D); (B, D) → (B, D) where no mask is locked."""
        if not self.training or self.dropped == 0:
            return states
        return states * self.mask(states[:, :1].shape if self.locked else states.shape, states)

    def mask(self, shape: torch.Size, states: Tensor) -> Tensor:
        """0 where a number is dropped, else what keeps the mean, 1 / (1 - p); of the states' type."""
        if self.dropped == LEVELS:
            return states.new_zeros(shape)
        draws = torch.empty(-(-shape.numel() // 4), dtype=torch.int64, device=states.device).random_(-(2**63), None)
        kept = draws.view(torch.int16)[: shape.numel()].view(shape) >= self.dropped - LEVELS // 2
        return kept.to(states.dtype).mul_(LEVELS / (LEVELS - self.dropped))


class RecurrentLayer(nn.Module):
    """One LSTM or GRU layer that reads a padded batch in one or both directions.

    The backward direction is a recurrence of its own over the sequences reversed *within their lengths*: it begins at
    the last token and never sees padding, so a sequence has the same states alone, batched and under more padding.
    This keeps the batch dense, which the CPU kernels take about half as long for as for packed sequences.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = True,
        initial_state: Literal["zeros", "random"] = "zeros",
    ) -> None:
        super().__init__()
        recurrence = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.directions = nn.ModuleList(recurrence(inputs, hidden) for _ in range(2 if bidirectional else 1))
        self.cell, self.hidden, self.initial_state = cell, hidden, initial_state
        for direction in self.directions:
            initialise(direction)

    def forward(self, inputs: Tensor, reversal: Reversal | None) -> Tensor:
        """(B, T, D) → (B, T, H) states, or (B, T, 2H) with both directions; no reversal where there is no padding."""
        starts = [self.start(inputs) for _ in self.directions]
        if reversal is None:
            return self.unpadded(inputs, starts)
        states, backward = (
            direction(read, start if self.cell == "lstm" else start[0])[0]
            for direction, read, start in zip(
                self.directions, (inputs.transpose(0, 1), reversal.read(inputs)), starts, strict=True
            )
        )
        return torch.cat([states.transpose(0, 1), reversal.written(backward)], dim=2)

    def unpadded(self, inputs: Tensor, starts: Sequence[tuple[Tensor, ...]]) -> Tensor:
        """The same where the kernel may reverse the sequences itself."""
        weights: list[Tensor] = [weight for direction in self.directions for weight in direction.parameters()]
        hidden, *cell = (torch.cat(states) for states in zip(*starts, strict=True))
        steps, settings = inputs.transpose(0, 1), (True, 1, 0.0, self.training, len(starts) == 2, False)
        if self.cell == "lstm":
            states = torch.lstm(steps, (hidden, *cell), weights, *settings)[0]
        else:
            states = torch.gru(steps, hidden, weights, *settings)[0]
        return states.transpose(0, 1)

    def start(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Hidden (and cell) state of a direction before the first time step, (1, B, H) each."""
        make = torch.zeros if self.initial_state == "zeros" else torch.randn
        shape = (1, inputs.shape[0], self.hidden)
        return tuple(
            make(shape, device=inputs.device, dtype=inputs.dtype) for _ in range(2 if self.cell == "lstm" else 1)
        )


class Encoder(nn.Module):
    """n × (dropout → recurrent layer) → dropout. Output size is `outputs`: H, or 2H with both directions."""

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        locked_dropout: bool = True,
        initial_state: Literal["zeros", "random"] = "zeros",
    ) -> None:
        """`dropout` between layers; before the first one and after the last, it is for those around to say."""
        super().__init__()
        self.outputs, self.bidirectional = hidden * (2 if bidirectional else 1), bidirectional
        self.layers = nn.ModuleList(
            RecurrentLayer(
                inputs if index == 0 else self.outputs,
                hidden,
                cell=cell,
                bidirectional=bidirectional,
                initial_state=initial_state,
            )
            for index in range(layers)
        )
        before = [input_dropout] + (layers - 1) * [dropout]
        self.dropouts = nn.ModuleList(Dropout(probability, locked=locked_dropout) for probability in before)
        self.output_dropout = Dropout(output_dropout, locked=locked_dropout)

    def forward(self, sequences: Sequences) -> Tensor:
        """(B, T, D) inputs → (B, T, outputs) states, each sequence by itself; what stands at padding means nothing."""
        inputs, lengths, _ = sequences
        reversal = Reversal(lengths, inputs.shape[1]) if self.bidirectional and padded(inputs, lengths) else None
        states = inputs
        for dropout, layer in zip(self.dropouts, self.layers, strict=True):
            states = layer(dropout(states), reversal)
        return torch.as_tensor(self.output_dropout(states))


class DocumentEncoder(nn.Module):
    """Reads sentences together with their neighbours, a vector of its own standing for the boundary between two.

    Dropout before and after the encoder is for each sentence, as if it were read by itself: one mask for a whole window
    would make them fewer.
    """

    def __init__(self, encoder: Encoder, inputs: int, input_dropout: Dropout, output_dropout: Dropout) -> None:
        """The encoder itself has no dropout at its input and output."""
        super().__init__()
        self.encoder, self.outputs = encoder, encoder.outputs
        self.input_dropout, self.output_dropout = input_dropout, output_dropout
        self.boundary = nn.Parameter(torch.zeros(inputs))

    def forward(self, sequences: Sequences) -> Tensor:
        """(B, T, D) inputs → (B, T, outputs) states of the sentences' tokens, read window by window."""
        inputs, lengths, windows = sequences
        inputs = self.input_dropout(inputs)
        if windows is None:
            return torch.as_tensor(self.output_dropout(self.encoder(Sequences(inputs, lengths))))
        cells = torch.cat([inputs.flatten(0, 1), self.boundary[None]])
        states = self.encoder(Sequences(functional.embedding(windows.cells, cells), windows.lengths))
        return torch.as_tensor(self.output_dropout(functional.embedding(windows.places, states.flatten(0, 1))))


def padded(inputs: Tensor, lengths: Tensor) -> bool:
    """Whether some of the (B, T, D) inputs are padding. Elsewhere than on a CPU it is taken for granted.

    There, to ask makes all that was begun wait, and cuDNN wants the weights of both directions in one piece.
    """
    return inputs.device.type != "cpu" or bool((lengths < inputs.shape[1]).any())


class Reversal:
    """Each sequence of a batch reversed within its length, on the way from (B, T) to time steps first and back."""

    def __init__(self, lengths: Tensor, steps: int) -> None:
        """(B,) lengths, of `steps` time steps with padding."""
        self.sequences, self.steps = len(lengths), steps
        source = reversed_steps(lengths, steps).t()  # (T, B)
        sequence = torch.arange(self.sequences, device=lengths.device)
        self.reading = (source + steps * sequence).flatten()
        self.writing = (source * self.sequences + sequence).t().flatten()

    def read(self, states: Tensor) -> Tensor:
        """(B, T, D) → (T, B, D)"""
        rows = Permutation.apply(states.flatten(0, 1), self.reading, self.writing)
        return torch.as_tensor(rows).view(self.steps, self.sequences, -1)

    def written(self, states: Tensor) -> Tensor:
        """(T, B, D) → (B, T, D), the inverse of `read`."""
        rows = Permutation.apply(states.flatten(0, 1), self.writing, self.reading)
        return torch.as_tensor(rows).view(self.sequences, self.steps, -1)


class Permutation(torch.autograd.Function):
    """Rows in another order, and their gradient by the inverse order; torch's indexing would add them up one by one."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(order, inverse)
        return rows.index_select(0, order)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        order, inverse = ctx.saved_tensors  # type: ignore[attr-defined]
        return torch.as_tensor(Permutation.apply(gradient, inverse, order)), None, None


def initialise(recurrence: nn.Module) -> None:
    """Xavier input weights, orthogonal recurrent weights (one block a gate), zero biases, forget gates opened by 1."""
    for name, parameter in recurrence.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        elif name.startswith("weight_hh"):
            for gate in parameter.data.split(parameter.shape[1]):
                nn.init.orthogonal_(gate)
        else:
            nn.init.zeros_(parameter)
            if isinstance(recurrence, nn.LSTM) and name.startswith("bias_ih"):
                # Gates lie in the order input, forget, cell, output (Jozefowicz et al. 2015 on the forget bias).
                parameter.data[recurrence.hidden_size : 2 * recurrence.hidden_size] = 1.0
