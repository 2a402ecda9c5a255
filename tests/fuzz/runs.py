"""Runs that load at once, stopped in the middle and finished, and damage of their files."""

from __future__ import annotations

import hashlib
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from hypothesis import strategies as st
from safetensors.torch import save

from bilstm_nlp.config import Config, load
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import read_tensors
from bilstm_nlp.training.state import Paused
from tests.fuzz.configs import wrong
from tests.fuzz.files import changed
from tests.studies.grids import BASE, corpus

TAGGER = BASE.replace("dimension = 5\n", 'dimension = 5\nfile = "{folder}/vectors.txt"\nbigrams = 2\nlexicon = true\n')
FORECASTER = """
task = "forecasting"
[data]
file = "{folder}/series.csv"
look_back = 6
horizon = 3
observed = ["b"]
calendar = "scaled"
[input]
reader.kind = "steps"
[encoder]
hidden = 4
[training]
epochs = 3
batch_size = 16
"""
CONFIGS = {"tagger": TAGGER, "forecaster": FORECASTER}
FILES = ("run.json", "config.json", "codec.json", "codec.safetensors", "model.safetensors")
MORE_MEMORY = 4 << 30
"""Bytes of memory that a damaged run may ask for."""

JSON_VALUES = (
    0,
    -1,
    2**31,
    2**70,
    10**400,
    0.5,
    1e300,
    True,
    None,
    "",
    "x",
    "IOB1",
    [],
    [[]],
    [1],
    ["x", "x"],
    {},
    {"a": {}},
)
NAN = float("nan")
NOTED = st.sampled_from([True, True, True, False])
"""True if a damaged file has a valid digest; without a valid digest, its content is never read."""


def make(folder: Path, kind: str) -> tuple[Config, Path, Path]:
    """Make a config, its finished run, and a run that was stopped in its second epoch."""
    (folder / "train.conll").write_text(corpus(16), encoding="utf-8")
    (folder / "dev.conll").write_text(corpus(5, shift=100), encoding="utf-8")
    (folder / "vectors.txt").write_text("Ann 1 2 3 4 5\nParis 1 0 0 0 2\n", encoding="utf-8")
    rows = "".join(f"{1990 + row // 12}-{row % 12 + 1:02}-01,{row % 5},{row % 3 * 0.5}\n" for row in range(160))
    (folder / "series.csv").write_text("date,a,b\n" + rows, encoding="utf-8")
    path = folder / f"{kind}.toml"
    path.write_text(CONFIGS[kind].format(folder=folder), encoding="utf-8")
    config = load(path)
    list(train.train_epochs(config, folder / f"{kind}-finished"))
    asked = iter(range(100))
    with suppress(Paused):
        list(train.train_epochs(config, folder / f"{kind}-stopped", stopping=lambda: next(asked) >= 3))
    assert (folder / f"{kind}-stopped" / "state.safetensors").exists()
    return config, folder / f"{kind}-finished", folder / f"{kind}-stopped"


@st.composite
def damage(draw: st.DrawFn, path: Path) -> bytes:
    """Draw another content of a file: other bytes, or other values of its JSON or tensors."""
    content = path.read_bytes()
    if path.suffix == ".json" and draw(st.booleans()):
        return json.dumps(draw(wrong(json.loads(content), (*JSON_VALUES, NAN)))).encode()
    if path.suffix == ".jsonl" and draw(st.booleans()):
        lines = [json.dumps(draw(wrong(json.loads(line), (*JSON_VALUES, NAN)))) for line in content.splitlines()]
        return "\n".join(lines).encode()
    if path.suffix == ".safetensors" and draw(st.booleans()):
        return draw(other_tensors(path))
    return draw(changed(content))


@st.composite
def other_tensors(draw: st.DrawFn, path: Path) -> bytes:
    """Draw tensors of other types, shapes, names and values, with other metadata."""
    tensors, metadata = read_tensors(RunDirectory(path.parent), path.name)
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(tensors) or ["none"]))
        tensor = tensors.get(name, torch.zeros(1))
        match draw(st.sampled_from(["type", "shape", "drop", "rename", "fill"])):
            case "type":
                kinds = [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
                tensors[name] = tensor.to(draw(st.sampled_from(kinds)))
            case "shape":
                shapes = [
                    tensor[None],
                    tensor.flatten(),
                    tensor.flatten()[:0],
                    tensor.flatten()[:1],
                    tensor.flatten().repeat(2),
                ]
                tensors[name] = draw(st.sampled_from(shapes))
            case "drop":
                tensors.pop(name, None)
            case "rename":
                tensors[draw(st.sampled_from([f"{name}x", "x", "model.x", "optimizer.x.y", "optimizer.99.step"]))] = (
                    tensor
                )
            case "fill":
                value = draw(st.sampled_from([0, 1, -1, 200, float("inf"), float("nan")]))
                tensors[name] = torch.full_like(tensor, value) if tensor.is_floating_point() else tensor * 0 - 1
    for name, text in sorted(metadata.items()):
        if draw(st.booleans()):
            metadata[name] = json.dumps(draw(wrong(json.loads(text), (*JSON_VALUES, NAN))))
    return save({name: tensor.clone().contiguous() for name, tensor in tensors.items()}, metadata)


@contextmanager
def damaged(path: Path, content: bytes, *, noted: bool) -> Iterator[None]:
    """Write other content into a file, and limit the memory that reading it may take.

    With `noted`, the checksum is that of the content. Otherwise a reader refuses the file before it is parsed.
    """
    checksums = path.with_name("checksums.json")
    whole, before_checksums = path.read_bytes(), checksums.read_bytes()
    if noted and path != checksums:
        known = json.loads(before_checksums)
        put(checksums, json.dumps(known | {path.name: [hashlib.sha256(content).hexdigest()]}).encode())
    before = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    put(path, content)
    resource.setrlimit(resource.RLIMIT_AS, (held + MORE_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        put(path, whole)
        put(checksums, before_checksums)


def put(path: Path, content: bytes) -> None:
    """Replace a file in one step, as runs are written: tensors that were read before stay mapped to the old file."""
    new = path.with_name("new")
    new.write_bytes(content)
    new.replace(path)
