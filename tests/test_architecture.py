"""The house rules on who may know whom, read from the imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "bilstm_nlp"
MODULES = {str(path.relative_to(PACKAGE).with_suffix("")).replace("/", "."): path for path in PACKAGE.rglob("*.py")}


def imports(path: Path) -> set[str]:
    """Full names of all that a file imports, wherever in the file; `from a import b` is a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def reaches(names: set[str], *forbidden: str) -> set[str]:
    return {name for name in names for target in forbidden if name == target or name.startswith(target + ".")}


def ours(*rooms: str) -> tuple[str, ...]:
    return tuple(f"bilstm_nlp.{room}" for room in rooms)


ABOVE = ours("experiment", "prediction", "composition", "inference", "comparison", "auditing", "cli")
"""What puts tasks together and uses them."""
TRAINING = ours(
    "experiment", "training", "metrics", "report", "tasks.tagging", "tasks.forecasting", "composition.tasks"
)
"""What a prediction has no use for."""
RULES = {
    "config": ("torch", *ours("data", "nn", "tasks", "training"), *ABOVE),
    "tags": ("torch", *ours("config", "data", "nn", "tasks", "training"), *ABOVE),
    "errors": ("torch", "bilstm_nlp"),
    "forecast": ("torch", *ours("config", "data", "nn", "tasks", "training"), *ABOVE),
    "nn": (*ours("config", "data", "tasks", "training"), *ABOVE),
    "data": (*ours("nn", "tasks", "training"), *ABOVE),
    "training": (*ours("config", "data", "nn", "tasks.tagging", "tasks.forecasting"), *ABOVE),
    "tasks": ABOVE,
    # What is wrong knows no page, and the page neither models nor corpora.
    "tasks.tagging_errors": ours("tasks.errors_page", "pages"),
    "tasks.errors_page": ("torch", *ours("data", "nn", "training", "tasks.labelling", "tasks.tagging_evaluation")),
    "pages": ("torch", "bilstm_nlp"),
    "plots": (*ours("config", "data", "nn", "tasks", "training"), *ABOVE),
    "files": ("torch", *ours("config", "data", "nn", "tasks", "training"), *ABOVE),
    "epochs": (*ours("config", "data", "nn", "training"), *ABOVE),
    **{room: ours("comparison", "cli") for room in ("experiment", "composition")},
    **{
        room: (*TRAINING, *ours("comparison", "cli"))
        for room in (
            "prediction",
            "inference",
            "checkpoint",
            "composition.predictor",
            "composition.tagger",
            "composition.forecaster",
        )
    },
    # Of the comparison only a worker needs torch: that nothing is left to do is said at once.
    **{
        f"comparison.{path.stem}": (
            "torch",
            *ours("nn", "training", "checkpoint", "experiment", "prediction", "composition"),
        )
        for path in (PACKAGE / "comparison").glob("*.py")
        if path.stem != "work"
    },
}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_keep_to_the_rules(module):
    found = imports(MODULES[module])
    for room, forbidden in RULES.items():
        if module == room or module.startswith(room + "."):
            assert not reaches(found, *forbidden), f"{module} may not import these"
    owners = {
        "torchcrf": "nn.crf",
        "numba": "nn.kernels",
        "seqeval": "metrics",
        "matplotlib": "plots",
        "ray": "comparison.ray_engine",
    }
    for library, owner in owners.items():
        assert module == owner or not reaches(found, library), f"only {owner} imports {library}"
    assert module == "__main__" or not reaches(found, "bilstm_nlp.cli"), "nothing imports cli"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"cli", "report"}))
def test_only_cli_and_report_print(module):
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"print", "exit"}, f"{module}:{node.lineno}"
