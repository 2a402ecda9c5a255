"""Fingerprints of what the sample configs give: digests of weights, predictions and measurements, and all metrics.

`python -m tests.same_bits CHECKOUT [NAME …]` trains them with the package of another checkout, such as the commit whose
results are to stay, and writes the fingerprints into tests/runs/samples/.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from tests.samples import BETWEEN, in_turn

ROOT = Path(__file__).parent.parent
REFERENCES = Path(__file__).parent / "runs" / "samples"
NAMES = ("ner", "forecasting", "compare", "compare-brief")
INPUTS = {
    "ner": ["sample:news.test.conll", "--format", "jsonl", "--confidence"],
    "forecasting": ["sample:energy.csv", "--format", "json"],
}
"""The arguments of `predict`."""
BRIEFLY = {"compare": {"seeds": "[1]"}, "compare-brief": {"seeds": "[1]\nfractions = [0.2]", "training.epochs": "1"}}
"""Values that replace those of the sample comparison: one seed, and in brief an epoch on a fifth of the sentences."""
MEASURED = {"seconds", "wall_seconds", "sequences_per_second", "peak_memory_mb", "speed"}
"""Metrics that differ from run to run."""
HEADLINES = {"norm": 0.1, "f1": 0.1, "token_accuracy": 0.02, "mean": 0.1, "mse": 0.1, "mae": 0.1, "skill": 0.1}
"""Figures that are compared on another machine, and their tolerance: relative to the larger one, or to 1."""


def fingerprint(name: str, checkout: Path, folder: Path) -> dict[str, Any]:
    """Train a sample config with the package of `checkout` in `folder`, and digest what comes out.

    Every process has one thread: the last bits of a sum depend on how many share it.
    """
    if name in BRIEFLY:
        return {"machine": machine(), **_comparison(checkout, folder, BRIEFLY[name])}
    run = folder / name
    train = ["train", f"configs/{name}/sample.toml", "--out", str(run)]
    predictions = _commands(checkout, train, ["predict", str(run), *INPUTS[name]])[1]
    return {"machine": machine(), "runs": {name: _run(run)}, "predictions": {name: _digest(predictions)}}


def machine() -> dict[str, str]:
    """Describe what the last bits depend on: the processor's instructions and the libraries that compute."""
    cpu = {"processor": platform.processor() or platform.machine()}
    if Path("/proc/cpuinfo").exists():
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        for key in ("model name", "cpu family", "model", "stepping", "flags"):
            line = re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE)
            cpu[key] = line[1] if line else ""
        cpu["flags"] = _digest(" ".join(sorted(cpu["flags"].split())).encode())
    return cpu | {package: version(package) for package in ("torch", "numpy", "numba")}


def _comparison(checkout: Path, folder: Path, values: dict[str, str]) -> dict[str, Any]:
    """Compare the sample's variants, with some of its values replaced."""
    configs = next(path for path in (checkout / "configs", checkout / "bilstm_nlp" / "configs") if path.is_dir())
    grid = (configs / "compare" / "sample.toml").read_text(encoding="utf-8")
    base = json.dumps(str(configs / "ner" / "sample.toml"))
    for key, value in {"base": base, **values}.items():
        grid, count = re.subn(rf"(?m)^{re.escape(key)} = .*$", f"{key} = {value}", grid)
        assert count == 1, key
    (folder / "grid.toml").write_text(grid, encoding="utf-8")
    out = folder / "compare"
    _commands(checkout, ["compare", str(folder / "grid.toml"), "--jobs", "1", "--threads", "1", "--out", str(out)])
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    runs = {row["variant"]: out / row["folder"] for row in report["runs"]}
    variants = {
        row["name"]: {key: row.get(key) for key in ("rank", "mean", "parameters")} for row in report["variants"]
    }
    return {
        "runs": {name: _run(path) for name, path in runs.items()},
        "measurements": {name: _tensors(path / "trial.safetensors") for name, path in runs.items()},
        "predictions": {"disagreements": _digest(json.dumps(report["disagreements"]).encode())},
        "variants": variants,
    }


def _run(path: Path) -> dict[str, Any]:
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    return {"weights": _tensors(path / "model.safetensors"), "metrics": _without_times(metrics)}


def _tensors(path: Path) -> dict[str, dict[str, Any]]:
    """Digest each tensor; its norm is for machines whose bits differ."""
    return {
        name: {"sha256": _digest(tensor.tobytes()), "norm": float(np.linalg.norm(tensor.astype(np.float64)))}
        for name, tensor in sorted(load_file(path).items())
    }


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_times(item) for key, item in value.items() if key not in MEASURED}
    return [_without_times(item) for item in value] if isinstance(value, list) else value


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _commands(checkout: Path, *calls: list[str]) -> list[bytes]:
    """Call the command line of a checkout, from its folder. Return the output of each call."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(in_turn(*calls), cwd=checkout, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.split(BETWEEN.encode())[:-1]


def differences(reference: Any, value: Any, *, same_machine: bool, key: str = "") -> list[str]:
    """List the keys whose values differ. On another machine only `HEADLINES` are compared, with their tolerance."""
    if isinstance(reference, dict) and isinstance(value, dict):
        # Later versions may write more figures, but no other.
        if same_machine and not reference.keys() <= value.keys():
            return [f"{key}: expected the keys {sorted(reference.keys() - value.keys())}, found none"]
        return [
            line
            for name in reference.keys() & value.keys()
            for line in differences(reference[name], value[name], same_machine=same_machine, key=f"{key}/{name}")
        ]
    figure = key.rpartition("/")[2]
    tolerance = HEADLINES.get(figure)
    if same_machine:
        # The digest beside a norm is exact; the norm's own last bits depend on where the tensor lies in memory.
        same = reference == value or figure == "norm"
    else:
        same = tolerance is None or math.isclose(reference, value, rel_tol=tolerance, abs_tol=tolerance)
    return [] if same else [f"{key}: expected {reference!r}, found {value!r}"]


def main() -> None:
    """Write the references, or those named after the checkout."""
    checkout = Path(sys.argv[1]).resolve()
    for name in sys.argv[2:] or NAMES:
        with TemporaryDirectory() as folder:
            made = fingerprint(name, checkout, Path(folder))
        commit = subprocess.run(
            ["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
        text = json.dumps({"commit": commit.stdout.strip(), **made}, indent=1) + "\n"
        REFERENCES.mkdir(parents=True, exist_ok=True)
        (REFERENCES / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
