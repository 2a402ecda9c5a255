"""The processes that train one model together (torchrun), each on its own batches. A single process is a group of one.

Losses are sums with weights. The gradient is therefore what one process would have for one batch of all processes'
sequences: the sum of the processes' gradients, each divided by the weight of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Literal

import torch
from accelerate.state import PartialState
from accelerate.utils.operations import reduce
from torch import Tensor, nn

from bilstm_nlp.errors import InputError, WorkerError
from bilstm_nlp.system.processes import world_size
from bilstm_nlp.training.protocols import Batches, TrainingBatch


def device_of(setting: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `cuda:N`.

    `auto` is CUDA or else the CPU, never MPS: the CRF needs float64, which MPS lacks.
    Raises `InputError` for a device that is missing.
    """
    if setting == "cpu" or (setting == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    number = setting.partition(":")[2]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(number or 0) >= count:
        devices = ", ".join(["auto", "cpu", *(f"cuda:{index}" for index in range(count))])
        raise InputError(f"training.device: expected one of {devices}, which are here, found {setting}")
    if number and world_size() > 1:
        raise InputError(f"training.device: expected cuda for {world_size()} processes, a GPU each, found {setting}")
    return torch.device("cuda", int(number)) if number else torch.device("cuda")


def check_precision(precision: Literal["fp32", "bf16"], device: torch.device) -> None:
    """Raise `InputError` for bf16 on a processor that has no instructions for it.

    torch then has no LSTM in bfloat16, and multiplies matrices several times slower than in fp32.
    """
    if precision == "bf16" and device.type == "cpu" and not computes_in_bf16():
        raise InputError(
            "training.precision: expected fp32 on this processor, which has no instructions for bfloat16, found bf16"
        )


def computes_in_bf16() -> bool:
    """Try an LSTM in bfloat16 on the CPU: which processors have it depends on the release of torch."""
    state = torch.zeros(1, 1, 1)
    weights = [torch.zeros(4, 1, requires_grad=True) for _ in range(2)]
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            torch.lstm(state, (state, state), weights, False, 1, 0.0, True, False, False)[0].sum().backward()
    except RuntimeError:
        return False
    return True


def wait_for_all() -> None:
    """Wait until all processes that train together have come to this call; a single process does not wait."""
    if world_size() > 1:
        PartialState().wait_for_everyone()


class Peers:
    """This process and the processes that train with it."""

    def __init__(self, setting: str) -> None:
        """Wait for all other processes; `setting` is that of `device_of`.

        Raises `InputError` for a device that is missing, and `WorkerError` if processes are missing.
        """
        device = device_of(setting)
        # With cpu=True, Accelerate joins processes without a GPU, and looks for no other accelerator.
        state = PartialState(cpu=device.type == "cpu")
        self.count = int(state.num_processes)  # type: ignore[has-type]
        self.rank = int(state.process_index)  # type: ignore[has-type]
        """From 0."""
        # Accelerate keeps the device of its first call; a second training in this process may want another.
        self.device = device if self.count == 1 or state.device is None else state.device
        if self.count != world_size():
            raise WorkerError(f"expected {world_size()} processes to train together, as started, found {self.count}")

    def agree(self, epochs: int, batches: int) -> None:
        """Raise `WorkerError` if processes would begin at different batches."""
        first, second = self.totals(epochs, batches)
        if (first, second) != (epochs * self.count, batches * self.count):
            place = f"epoch {epochs + 1}, batch {batches + 1}"
            raise WorkerError(
                f"process {self.rank} of {self.count}: expected all to begin at {place}, found one that begins "
                "elsewhere; all must see the same run directory"
            )

    def own(self, plan: Batches, done: int) -> Iterator[TrainingBatch | None]:
        """Yield this process's batches after the first `done`; None for a step that has no batch left for it."""
        mine = range(done + self.rank, len(plan), self.count)
        return chain(plan[mine.start :: self.count], repeat(None, self.steps(len(plan) - done) - len(mine)))

    def steps(self, batches: int) -> int:
        """Return the number of steps for so many batches; a step takes a batch from each process."""
        return (batches + self.count - 1) // self.count

    def total(self, value: Tensor) -> Tensor:
        """Return a tensor's sum over all processes."""
        return value if self.count == 1 else self._summed(value.detach().to(torch.float64))

    def totals(self, *values: float) -> list[float]:
        """Return each value's sum over all processes."""
        if self.count == 1:
            return list(values)
        sums: list[float] = self.total(torch.tensor(values, dtype=torch.float64, device=self.device)).tolist()
        return sums

    def of_first(self, value: float) -> float:
        """Return the value of the first process."""
        return self.totals(value if self.rank == 0 else 0.0)[0]

    def join_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace every gradient by its sum over all processes; a gradient that no process has stays None."""
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in parameters]
        is_there = torch.tensor([float(gradient is not None) for gradient in gradients], device=self.device)
        flat = [
            torch.zeros_like(parameter).flatten() if gradient is None else gradient.flatten()
            for parameter, gradient in zip(parameters, gradients, strict=True)
        ]
        sizes = [len(is_there), *map(len, flat)]
        counts, *joined = self._summed(torch.cat([is_there, *flat])).split(sizes)
        for parameter, count, gradient in zip(parameters, counts.tolist(), joined, strict=True):
            parameter.grad = gradient.view_as(parameter) if count else None

    def _summed(self, value: Tensor) -> Tensor:
        """Return the sum over all processes.

        Raises `WorkerError` if another process has ended.
        """
        try:
            return torch.as_tensor(reduce(value, reduction="sum"))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise WorkerError(
                f"process {self.rank} of {self.count}: another process of this training has ended ({reason}); finished "
                "epochs are kept, --resume goes on from there"
            ) from error
