"""Processes that train one model together, each on batches of its own (torchrun). Alone: one of one.

Losses are sums with weights, so that the gradient of all processes' batches is what one process would have had for one
batch of them all: the sum of their gradients, each divided by the weight of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import torch
from accelerate.state import PartialState
from accelerate.utils.operations import reduce
from torch import Tensor, nn

from bilstm_nlp.errors import WorkerError
from bilstm_nlp.system.processes import world_size
from bilstm_nlp.training.protocols import Batches, TrainingBatch


class Peers:
    """This process and those that train with it."""

    def __init__(self, *, cpu: bool) -> None:
        """Waits for all others. `cpu` leaves a GPU alone that is there."""
        # Where there is no GPU, Accelerate joins processes only if it is told so.
        state = PartialState(cpu=cpu or (world_size() > 1 and not torch.cuda.is_available()))
        assert state.device is not None
        # Accelerate keeps the device that it was first asked for, and another training may want another.
        alone = torch.device("cpu") if cpu else state.default_device
        self.count = int(state.num_processes)  # type: ignore[has-type]
        self.rank = int(state.process_index)  # type: ignore[has-type]
        """From 0."""
        self.device = alone if self.count == 1 else state.device
        if self.count != world_size():
            raise WorkerError(f"expected {world_size()} processes to train together, as started, found {self.count}")

    def agree(self, epochs: int, batches: int) -> None:
        """Raises `WorkerError` where processes would begin at different places."""
        first, second = self.totals(epochs, batches)
        if (first, second) != (epochs * self.count, batches * self.count):
            place = f"epoch {epochs + 1}, batch {batches + 1}"
            raise WorkerError(
                f"process {self.rank} of {self.count}: expected all to begin at {place}, found one that begins "
                "elsewhere; all must see the same run directory"
            )

    def own(self, plan: Batches, done: int) -> Iterator[TrainingBatch | None]:
        """This process's share of the batches after the `done` first ones; where there is none left for it, None."""
        mine = range(done + self.rank, len(plan), self.count)
        return chain(plan[mine.start :: self.count], repeat(None, self.steps(len(plan) - done) - len(mine)))

    def steps(self, batches: int) -> int:
        """That so many batches take, one for each process at a time."""
        return -(-batches // self.count)

    def total(self, value: Tensor) -> Tensor:
        """A tensor's sum over all processes."""
        return value if self.count == 1 else self.summed(value.detach().to(torch.float64))

    def totals(self, *values: float) -> list[float]:
        """Each value's sum over all processes."""
        if self.count == 1:
            return list(values)
        found: list[float] = self.total(torch.tensor(values, dtype=torch.float64, device=self.device)).tolist()
        return found

    def of_first(self, value: float) -> float:
        """The value that the first process has."""
        return self.totals(value if self.rank == 0 else 0.0)[0]

    def join_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Every gradient becomes its sum over all processes; one that no process has stays away."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters]
        there = torch.tensor([float(gradient is not None) for gradient in gradients], device=self.device)
        flat = [
            torch.zeros_like(parameter).flatten() if gradient is None else gradient.flatten()
            for parameter, gradient in zip(parameters, gradients, strict=True)
        ]
        there, *joined = self.summed(torch.cat([there, *flat])).split([len(there), *map(len, flat)])
        for parameter, count, gradient in zip(parameters, there.tolist(), joined, strict=True):
            parameter.grad = gradient.view_as(parameter) if count else None

    def summed(self, value: Tensor) -> Tensor:
        """Raises `WorkerError` where another process has ended."""
        try:
            return torch.as_tensor(reduce(value, reduction="sum"))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise WorkerError(
                f"process {self.rank} of {self.count}: another process of this training has ended ({reason}); finished "
                "epochs are kept, --resume goes on from there"
            ) from error
