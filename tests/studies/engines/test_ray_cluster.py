"""Runs as tasks of a real Ray cluster on this machine, one of whose workers dies in the middle of a run."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from bilstm_nlp.studies.engines.jobs import jobs_of
from bilstm_nlp.studies.engines.local import LocalProcesses, cores
from tests.studies import grids

pytest.importorskip("ray", reason="the extra ray is not installed")
if cores() < 2:
    pytest.skip("two workers need two cores", allow_module_level=True)

from bilstm_nlp.studies.engines.ray_cluster import RayCluster

pytestmark = pytest.mark.slow

EPOCHS = 150
"""Enough that a run can be caught in its middle."""


def workers() -> list[int]:
    """The processes at work on a task: their parent is the raylet, whose parent is this process."""
    ids = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_text()
                if command.startswith("ray::work") and parent(parent(int(folder.name))) == os.getpid():
                    ids.append(int(folder.name))
            except OSError:  # it has ended by now
                continue
    return ids


def wait_for_end(process: int) -> None:
    """Raises `ProcessLookupError` when the process has ended."""
    for _ in range(200):
        os.kill(process, 0)
        time.sleep(0.05)


def parent(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_killed_task_is_retried_with_equal_figures(tmp_path, monkeypatch):
    # Else Ray makes its workers give way to everything else on the machine.
    monkeypatch.setenv("RAY_worker_niceness", "0")
    grids.write_base(tmp_path)
    # Long enough to be killed in the middle.
    grid = grids.read(tmp_path, seeds=[1], set={"training": {"epochs": EPOCHS}})
    local, remote = (jobs_of(grid, tmp_path / name) for name in ("local", "remote"))
    killed = None
    latest = {}
    for progress in RayCluster(jobs=2).execute(remote):
        latest[progress.job.run.variant] = progress
        if killed is None and len(latest) == 2 and all(0 < last.epoch < EPOCHS for last in latest.values()):
            assert {last.state for last in latest.values()} == {"running"}
            killed = workers()[0]
            os.kill(killed, signal.SIGKILL)
            with pytest.raises(ProcessLookupError):
                wait_for_end(killed)
    assert killed is not None, "both runs were never seen in their middle at once"
    assert {variant: (last.state, last.epoch, last.error) for variant, last in latest.items()} == {
        "crf": ("finished", EPOCHS, None),
        "gru": ("finished", EPOCHS, None),
    }
    for _ in LocalProcesses(jobs=2).execute(local):
        pass
    for here, there in zip(local, remote, strict=True):
        assert here.key == there.key
        for name in ("model.safetensors", "config.json"):
            assert (here.folder / name).read_bytes() == (there.folder / name).read_bytes()
        names = [{path.relative_to(job.folder) for path in job.folder.rglob("*")} for job in (here, there)]
        assert names[0] == names[1]
