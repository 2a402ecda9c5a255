"""Test files and fixtures that need a library, computed from their imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
TORCH = frozenset({"torch", "torchcrf", "accelerate"})
COMMAND_LINE = "bilstm_nlp.cli.app"
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
"""Attributes of nodes that are lists of statements, or of parts of a statement with statements of their own."""
STARTERS = ("command", "in_turn", "call")
"""Names of tests/samples.py and fixtures that start the command line without importing it."""


@cache
def needs_torch(path: Path) -> bool:
    """Tell whether a test file can reach torch: by its imports, by theirs, or by a program that it starts.

    Imports within functions count too, so that a file that is free of torch is free of it however far it runs.
    """
    return "torch" in path.read_text(encoding="utf-8") or any(_reaches(name, TORCH) for name in _imports_of(path))


@cache
def fixtures_that_need_torch() -> set[str]:
    """Name the fixtures of all conftest.py that import torch, or start the command line."""
    return {
        node.name
        for path in Path(__file__).parent.rglob("conftest.py")
        for node in _tree(path).body
        if isinstance(node, ast.FunctionDef)
        if any(_reaches(name, TORCH) for name in _imports(node))
        or any(isinstance(part, ast.Name) and part.id in STARTERS for part in ast.walk(node))
    }


@cache
def _reaches(start: str, libraries: frozenset[str]) -> bool:
    """Follow the imports from a module, until one is of the libraries."""
    reached, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        if name.partition(".")[0] in libraries:
            return True
        path = _path_of(name)
        if path is not None:
            new = _imports_of(path) - reached
            reached |= new
            waiting.extend(new)
    return False


@cache
def _imports_of(path: Path) -> frozenset[str]:
    return frozenset(_imports(_tree(path)))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a tree imports anywhere but for annotations, their packages included."""
    for node in _walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from _with_packages(node.module)
            for alias in node.names:
                if _path_of(f"{node.module}.{alias.name}") is not None:
                    yield f"{node.module}.{alias.name}"
                if node.module == "bilstm_nlp" and alias.name.startswith("load"):
                    yield "bilstm_nlp.runs.load"  # which the package imports when it is asked
                if node.module == "tests.samples" and alias.name in STARTERS:
                    yield COMMAND_LINE


def _walk(tree: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements of a tree, without those under `if TYPE_CHECKING`. Expressions import nothing."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            for block in BLOCKS:
                waiting.extend(getattr(node, block, ()))


def _with_packages(name: str) -> Iterator[str]:
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])


@cache
def _path_of(name: str) -> Path | None:
    """Find the file of a module of this project."""
    base = ROOT.joinpath(*name.split("."))
    if name.partition(".")[0] not in ("bilstm_nlp", "tests", "scripts"):
        return None
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
