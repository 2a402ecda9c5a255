"""Several processes that train one model: they do what one process does with all their batches."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bilstm_nlp.config import load
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.runs import train
from bilstm_nlp.tasks.registry import build
from tests.forked import Forked
from tests.samples import FORECASTER, SMALL, TAGGER, sets
from tests.waiting import wait_for_lines

pytestmark = pytest.mark.slow

# No dropout, whose masks are each process's own, so that one process has the same gradients.
STILL = ["encoder.dropout=0", "encoder.hidden=8", "data.stride=16", "training.epochs=2"]


def launched(processes: int, *arguments: str) -> list[str]:
    """Return the arguments that run the command line in several processes of this machine."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [*launcher, "-m", "bilstm_nlp", *map(str, arguments)]


def unlaunched(forked, processes: int, *arguments: object) -> list[Forked]:
    """Start the command line in several processes of this machine, with the variables that a launcher sets."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {"WORLD_SIZE": processes, "LOCAL_WORLD_SIZE": processes, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        forked(
            *arguments,
            environment={name: str(value) for name, value in {**shared, "RANK": rank, "LOCAL_RANK": rank}.items()},
        )
        for rank in range(processes)
    ]


def losses(path: Path) -> list[torch.Tensor]:
    """Return the loss of each step, by epoch."""
    tensors = load_file(path / "losses.safetensors")
    return [tensors[name] for name in sorted(tensors)]


@pytest.fixture(scope="module")
def together(tmp_path_factory, forked) -> Path:
    """Train a forecaster in two processes on batches of 8."""
    path = tmp_path_factory.mktemp("runs") / "together"
    arguments = ["train", FORECASTER, *sets([*STILL, "training.batch_size=8"]), "--out", path]
    errors = "".join(process.succeed().err for process in unlaunched(forked, 2, *arguments))
    assert errors.count("epoch 1/2") == errors.count("saved in") == 1
    return path


def test_two_processes_train_like_one_with_doubled_batches(together, tmp_path):
    config = load(FORECASTER, [*STILL, "training.batch_size=16"])
    list(train.train_epochs(config, tmp_path / "alone"))
    windows = json.loads((together / "history.jsonl").read_text().splitlines()[0])["sequences"]
    assert windows % 16 in range(1, 9), "the last step has a batch for one process alone"
    for alone, shared_losses in zip(losses(tmp_path / "alone"), losses(together), strict=True):
        assert len(alone) == -(-windows // 16)
        assert torch.allclose(alone, shared_losses, rtol=1e-4), (alone - shared_losses).abs().max()
    weights, others = (load_file(path / "model.safetensors") for path in (tmp_path / "alone", together))
    for name, value in weights.items():
        assert torch.allclose(value, others[name], atol=1e-4), name
    results, shared = (json.loads((path / "metrics.json").read_text()) for path in (tmp_path / "alone", together))
    assert shared["test"]["mse"] == pytest.approx(results["test"]["mse"], rel=1e-3)


def test_run_of_two_processes_resumes_in_another_number(tmp_path, forked):
    path = tmp_path / "run"
    arguments = ["train", FORECASTER, *sets([*STILL, "training.batch_size=8", "training.epochs=40"]), "--out", path]
    with subprocess.Popen(
        launched(2, *arguments),
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    ) as process:
        wait_for_lines(path / "history.jsonl")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    assert errors.count("stopped; finished batches are kept. To go on: bilstm-nlp train") == 1
    before = len((path / "history.jsonl").read_text().splitlines())
    processes = unlaunched(forked, 3, *arguments, "--resume")
    wait_for_lines(path / "history.jsonl", before + 2)
    for process in processes:
        process.send_signal(signal.SIGTERM)
    assert [process.wait() for process in processes] == [143] * 3
    errors = "".join(process.err for process in processes)
    assert f"epoch {before + 1}/40" in errors
    assert f"epoch {before}/40" not in errors


def test_killed_worker_ends_all_processes_and_leaves_a_resumable_run(tmp_path):
    path = tmp_path / "run"
    arguments = ["train", FORECASTER, "--set", "training.epochs=400", "--set", "data.stride=16", "--out", path]
    with subprocess.Popen(
        launched(2, *arguments), stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    ) as process:
        wait_for_lines(path / "history.jsonl")
        os.kill(worker(process.pid, rank=1), signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert errors.count("bilstm-nlp: ") == 1
    assert "bilstm-nlp: process 0 of 2: another process of this training has ended" in errors
    assert "--resume goes on from there" in errors
    finished = len((path / "history.jsonl").read_text().splitlines())
    config = load(FORECASTER, ["training.epochs=400", "data.stride=16"])
    epochs = train.train_epochs(config, path, resume=True)
    assert next(epochs).epoch == finished + 1
    epochs.close()


def test_loss_of_a_step_is_the_mean_over_all_processes(tmp_path, forked):
    still = ["encoder.dropout=0", "embeddings.word_dropout=0", "training.optimizer={kind='sgd', learning_rate=1e-12}"]
    overrides = [*SMALL[1::2], *still, "training.epochs=1"]
    for process in unlaunched(forked, 2, "train", TAGGER, *sets(overrides), "--out", tmp_path / "run"):
        process.succeed()
    config = load(Path(TAGGER), overrides)
    prepared = build(config).prepare()
    model = prepared.model.eval()
    with torch.no_grad():
        batch_losses = [model(on(batch)) for batch in prepared.batches(1)]
    assert len({float(loss.weight) for loss in batch_losses}) > 5
    pairs = [batch_losses[start : start + 2] for start in range(0, len(batch_losses), 2)]
    expected = [sum(float(each.total) for each in pair) / sum(float(each.weight) for each in pair) for pair in pairs]
    assert losses(tmp_path / "run")[0].tolist() == pytest.approx(expected, rel=1e-4)


def worker(launcher: int, rank: int) -> int:
    """Return the number of the process with this rank, started by the launcher."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for child in children:
        if f"\0RANK={rank}\0" in "\0" + Path(f"/proc/{child}/environ").read_text():
            return int(child)
    raise AssertionError(f"no process of rank {rank} among {children}")
