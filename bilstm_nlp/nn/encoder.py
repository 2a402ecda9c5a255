"""The shared encoder: stacked recurrent layers in one or both directions.

Padding changes nothing: a sequence has the same states alone, in a batch, and under more padding.
"""

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
"""Number of different dropout probabilities."""


class Sequences(NamedTuple):
    """The encoder's input: B sequences of at most T time steps."""

    inputs: Tensor
    """(B, T, D)"""
    lengths: Tensor
    """(B,) time steps of each sequence. The rest is padding."""
    windows: SentenceWindows[Tensor] | None = None
    """The windows that sentences are read in together; None if each sequence is read alone."""


class Dropout(nn.Module):
    """(B, T, D) → (B, T, D): dropout of single numbers, or locked: with one mask for all time steps of a sequence.

    Locked dropout is that of Gal and Ghahramani 2016. Probabilities are multiples of 2⁻¹⁶, so one random number of 64
    bits decides about four states. torch's own dropout draws a number for each state, which took a seventh of a
    forecaster's training step on a CPU.

    >>> Dropout(0.5, locked=True).eval()(torch.ones(1, 2, 3)).sum()
    tensor(6.)
    """

    def __init__(self, probability: float, *, locked: bool) -> None:
        super().__init__()
        self.dropped, self.locked = round(probability * LEVELS), locked

    def forward(self, states: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D). Without locking, states may have any shape."""
        if not self.training or self.dropped == 0:
            return states
        return states * self.mask(states[:, :1].shape if self.locked else states.shape, states)

    def mask(self, shape: torch.Size, states: Tensor) -> Tensor:
        """Draw a mask of the states' type: 0 where a state is dropped, and 1 / (1 - p) elsewhere, to keep the mean."""
        if self.dropped == LEVELS:
            return states.new_zeros(shape)
        draws = torch.empty((shape.numel() + 3) // 4, dtype=torch.int64, device=states.device).random_(-(2**63), None)
        draws = draws.view(torch.int16)[: shape.numel()].view(shape)
        # A comparison that gives numbers takes a third of the time of one that gives bools.
        keep = torch.ge(draws, self.dropped - LEVELS // 2, out=states.new_empty(shape))
        return keep.mul_(LEVELS / (LEVELS - self.dropped))


class RecurrentLayer(nn.Module):
    """(B, T, D) → (B, T, H), or (B, T, 2H) with both directions: one LSTM or GRU layer over a padded batch.

    The backward direction runs over the sequences reversed *within their lengths*. It starts at the last token and
    never reads padding. The batch stays dense: CPU kernels take about half as long for it as for packed sequences.
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
            _initialise(direction)

    def forward(self, inputs: Tensor, reversal: Reversal | None) -> Tensor:
        """(B, T, D) → (B, T, H) or (B, T, 2H) states, meaningless at padding. `reversal` is None without padding."""
        starts = [self._start(inputs) for _ in self.directions]
        if reversal is None:
            return self._unpadded(inputs, starts)
        states, backward = (
            direction(read, start if self.cell == "lstm" else start[0])[0]
            for direction, read, start in zip(
                self.directions, (inputs.transpose(0, 1), reversal.read(inputs)), starts, strict=True
            )
        )
        return torch.cat([states.transpose(0, 1), reversal.inverse(backward)], dim=2)

    def _unpadded(self, inputs: Tensor, starts: Sequence[tuple[Tensor, ...]]) -> Tensor:
        """(B, T, D) → states, with both directions in one call: without padding, the kernel can reverse sequences."""
        weights: list[Tensor] = [weight for direction in self.directions for weight in direction.parameters()]
        hidden, *cell = (torch.cat(states) for states in zip(*starts, strict=True))
        steps, settings = inputs.transpose(0, 1), (True, 1, 0.0, self.training, len(starts) == 2, False)
        if self.cell == "lstm":
            states = torch.lstm(steps, (hidden, *cell), weights, *settings)[0]
        else:
            states = torch.gru(steps, hidden, weights, *settings)[0]
        return states.transpose(0, 1)

    def _start(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Return the hidden (and cell) state of one direction before the first time step, (1, B, H) each."""
        make = torch.zeros if self.initial_state == "zeros" else torch.randn
        shape = (1, inputs.shape[0], self.hidden)
        return tuple(
            make(shape, device=inputs.device, dtype=inputs.dtype) for _ in range(2 if self.cell == "lstm" else 1)
        )


class Encoder(nn.Module):
    """(B, T, D) → (B, T, outputs): n × (dropout → recurrent layer) → dropout.

    `outputs` is H, or 2H with both directions.

    >>> encoder = Encoder(3, hidden=4)
    >>> encoder(Sequences(torch.zeros(2, 5, 3), torch.tensor([5, 2]))).shape
    torch.Size([2, 5, 8])
    """

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
        """`dropout` is between layers, `input_dropout` before the first layer, `output_dropout` after the last."""
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
        """(B, T, D) inputs → (B, T, outputs) states, each sequence read alone; meaningless at padding."""
        inputs, lengths, _ = sequences
        reversal = (
            Reversal(lengths, inputs.shape[1]) if self.bidirectional and _may_be_padded(inputs, lengths) else None
        )
        states = inputs
        for dropout, layer in zip(self.dropouts, self.layers, strict=True):
            states = layer(dropout(states), reversal)
        return torch.as_tensor(self.output_dropout(states))


class DocumentEncoder(nn.Module):
    """(B, T, D) → (B, T, outputs): an encoder that reads sentences in windows with their neighbours.

    A trainable vector stands for the boundary between two sentences. Dropout before and after the encoder has a mask
    for each sentence: a mask for each window would be fewer masks.
    """

    def __init__(self, encoder: Encoder, inputs: int, input_dropout: Dropout, output_dropout: Dropout) -> None:
        """`encoder` must have no dropout at its input and output."""
        super().__init__()
        self.encoder, self.outputs = encoder, encoder.outputs
        self.input_dropout, self.output_dropout = input_dropout, output_dropout
        self.boundary = nn.Parameter(torch.zeros(inputs))

    def forward(self, sequences: Sequences) -> Tensor:
        """(B, T, D) inputs → (B, T, outputs) states of the sentences' tokens, read in `sequences.windows`."""
        inputs, lengths, windows = sequences
        inputs = self.input_dropout(inputs)
        if windows is None:
            return torch.as_tensor(self.output_dropout(self.encoder(Sequences(inputs, lengths))))
        tokens = torch.cat([inputs.flatten(0, 1), self.boundary[None]])
        states = self.encoder(Sequences(functional.embedding(windows.tokens, tokens), windows.lengths))
        return torch.as_tensor(self.output_dropout(functional.embedding(windows.cells, states.flatten(0, 1))))


def _may_be_padded(inputs: Tensor, lengths: Tensor) -> bool:
    """Return True if some of the (B, T, D) inputs are padding. On other devices than the CPU, always return True.

    Reading the lengths there would wait for all queued work, and cuDNN wants the weights of both directions in one
    block of memory.
    """
    return inputs.device.type != "cpu" or bool((lengths < inputs.shape[1]).any())


class Reversal:
    """The reversal of each sequence within its length, on the way from (B, T, D) to (T, B, D) and back."""

    def __init__(self, lengths: Tensor, steps: int) -> None:
        """(B,) lengths of sequences that have `steps` time steps with padding."""
        self.sequences, self.steps = len(lengths), steps
        source = reversed_steps(lengths, steps).t()  # (T, B)
        sequence = torch.arange(self.sequences, device=lengths.device)
        self.reading = (source + steps * sequence).flatten()
        self.writing = (source * self.sequences + sequence).t().flatten()

    def read(self, states: Tensor) -> Tensor:
        """(B, T, D) → (T, B, D)"""
        rows = _Permutation.apply(states.flatten(0, 1), self.reading, self.writing)
        return torch.as_tensor(rows).view(self.steps, self.sequences, -1)

    def inverse(self, states: Tensor) -> Tensor:
        """(T, B, D) → (B, T, D): undo `read`."""
        rows = _Permutation.apply(states.flatten(0, 1), self.writing, self.reading)
        return torch.as_tensor(rows).view(self.sequences, self.steps, -1)


class _Permutation(torch.autograd.Function):
    """Rows in another order. The gradient uses the inverse order: that of torch's indexing would add row by row."""

    @staticmethod
    def forward(ctx: FunctionCtx, rows: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(order, inverse)
        return rows.index_select(0, order)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        order, inverse = ctx.saved_tensors  # type: ignore[attr-defined]
        return torch.as_tensor(_Permutation.apply(gradient, inverse, order)), None, None


def _initialise(recurrence: nn.Module) -> None:
    """Draw Xavier input weights and orthogonal recurrent weights (a block for each gate). Biases are 0.

    The bias of the LSTM's forget gate is 1 (Jozefowicz et al. 2015).
    """
    for name, parameter in recurrence.named_parameters():
        if name.startswith("weight_ih"):
            nn.init.xavier_uniform_(parameter)
        elif name.startswith("weight_hh"):
            for gate in parameter.data.split(parameter.shape[1]):
                nn.init.orthogonal_(gate)
        else:
            nn.init.zeros_(parameter)
            if isinstance(recurrence, nn.LSTM) and name.startswith("bias_ih"):
                # The gates' order is input, forget, cell, output.
                parameter.data[recurrence.hidden_size : 2 * recurrence.hidden_size] = 1.0
