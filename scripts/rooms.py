"""Print the rooms of the package, as its imports show them: floors, circles, upward imports.

    python scripts/rooms.py

A room is a folder of modules; the contracts (batch, errors, tags) are one more. The floor of a room is the number of
rooms on the longest chain of imports below it, itself included. The order of the rows comes from pyproject.toml.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parent.parent
PACKAGE = "bilstm_nlp"
ENTRIES = (PACKAGE, f"{PACKAGE}.__main__")
"""Modules above all rooms: they import the others when they are first used."""


@dataclass(frozen=True)
class Survey:
    """The rooms, and what is wrong with their imports."""

    rooms: dict[str, int]
    """Folder → number of modules."""
    floors: dict[str, int]
    """Room at the root → floor."""
    circles: list[list[str]]
    """Modules that import one another, each group sorted."""
    upward: list[tuple[str, str]]
    """Imports of a module of the same row, in another room, or of a higher one: importer, imported."""


def survey() -> Survey:
    """Read the imports, those within functions and for annotations included."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    packages = {name for name in graph.modules if (ROOT / name.replace(".", "/")).is_dir()}
    modules = sorted(graph.modules - {*ENTRIES})
    imports = {name: graph.find_modules_directly_imported_by(name) - {*ENTRIES} for name in modules}
    rows = rows_of_contract()

    rooms: dict[str, int] = {}
    for name in modules:
        if name not in packages:
            rooms[folder_of(name)] = rooms.get(folder_of(name), 0) + 1

    below: dict[str, set[str]] = {name: set() for name in {room_of(name, rows) for name in modules}}
    upward = []
    for importer, imported_modules in imports.items():
        for imported in sorted(imported_modules):
            upper, lower = room_of(importer, rows), room_of(imported, rows)
            if upper != lower:
                below[upper].add(lower)
                if rows[top_of(importer)] <= rows[top_of(imported)]:
                    upward.append((importer, imported))
    return Survey(rooms, {} if upward else floors_of(below), circles_of(imports), upward)


def rows_of_contract() -> dict[str, int]:
    """Room at the root → its row in the contract of import-linter, the lowest row 0."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = tools["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("id") == "rooms")
    return {room.strip(): row for row, layer in enumerate(reversed(layers)) for room in layer.split("|")}


def top_of(module: str) -> str:
    """The first part of a module's name within the package."""
    return module.split(".")[1]


def room_of(module: str, rows: dict[str, int]) -> str:
    """The room at the root that a module is in. The lowest row is one room."""
    return "contracts" if rows[top_of(module)] == 0 else top_of(module)


def folder_of(module: str) -> str:
    """The folder of a module, such as `nn/crf`. Contracts are one room, whether modules or folders."""
    folder = "/".join(module.split(".")[1:-1])
    return "contracts" if folder in ("", "tags") else folder


def floors_of(below: dict[str, set[str]]) -> dict[str, int]:
    """Number the rooms from the bottom: 1, then one more than the highest room below."""
    floors: dict[str, int] = {}
    for room in TopologicalSorter(below).static_order():
        floors[room] = 1 + max((floors[lower] for lower in below[room]), default=0)
    return floors


def circles_of(imports: dict[str, set[str]]) -> list[list[str]]:
    """Group the modules that can reach one another through imports."""
    reached = {name: reachable(name, imports) for name in imports}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in imports
        if name in reached[name]
    }
    return sorted(map(list, groups))


def reachable(start: str, imports: dict[str, set[str]]) -> set[str]:
    """Collect the modules that `start` imports, directly or through others."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        new = imports[waiting.pop()] - reached
        reached |= new
        waiting.extend(new)
    return reached


def main() -> None:
    plan = survey()
    floor_of = {room: plan.floors.get(room.split("/")[0], 0) for room in plan.rooms}
    for room in sorted(plan.rooms, key=lambda room: (-floor_of[room], room)):
        print(f"{floor_of[room]:>3}  {room:<20}{plan.rooms[room]:>4} modules")
    print(f"{len(plan.rooms)} rooms, {max(plan.floors.values(), default=0)} floors, ", end="")
    print(f"{len(plan.circles)} circles, {len(plan.upward)} upward imports")
    for circle in plan.circles:
        print("circle:", " ".join(circle))
    for importer, imported in plan.upward:
        print(f"upward: {importer} imports {imported}")


if __name__ == "__main__":
    main()
