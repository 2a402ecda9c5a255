"""Runs that come as packages: `english` is the run in the package `bilstm_nlp_english`. No torch.

To add a model, write `models/NAME/`: a distribution whose package `bilstm_nlp_NAME` has a finished run in its folder
`run`. Nothing of the package is executed, and its run is opened like any other.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

PACKAGE = "bilstm_nlp_{name}"
"""The package of a model."""
FOLDER = "run"
"""The folder of a package with its run."""
MODELS = ("english",)
"""The models of this repository."""
CLONE = Path(__file__).parents[2] / "models"
"""The models of a clone, which need no installation."""
GRAPH = "model.onnx"
"""The graph of an export, in place of weights."""


def located(path: Path) -> Path:
    """Return the run directory that a path or the name of a model stands for. A run at the path comes first.

    >>> located(Path("runs/mine")) == Path("runs/mine")
    True
    """
    if len(path.parts) != 1 or not path.name.isidentifier() or is_run(path):
        return path
    package = PACKAGE.format(name=path.name)
    folders = [CLONE / path.name / package]
    spec = find_spec(package)
    if spec is not None and spec.submodule_search_locations:
        folders = [*map(Path, spec.submodule_search_locations), *folders]
    return next((folder / FOLDER for folder in folders if is_run(folder / FOLDER)), path)


def is_run(path: Path) -> bool:
    """Return True if there is a run, finished or not."""
    return (path / "run.json").exists()


def has_graph(path: Path) -> bool:
    """Return True if the run of a path or a name is an export, before anything is imported that opens it."""
    return (located(path) / GRAPH).exists()


def hint(path: Path) -> str:
    """Return what a message about a missing run says of a model that isn't installed.

    >>> hint(Path("english")), hint(Path("runs/mine"))
    ('; pip install ./models/english in a clone of bilstm_nlp brings it', '')
    """
    return f"; pip install ./models/{path} in a clone of bilstm_nlp brings it" if str(path) in MODELS else ""
