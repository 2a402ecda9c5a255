"""The report of a row, as tables for people or as a JSON object:

{"benchmark": "ner", "environment": {"python": …, "threads": …, "cpu": …, …},
 "figures": {NAME: {"median": …, "lower_quartile": …, "upper_quartile": …, "rounds": …, "unit": …,
                    "at_least": … or null, "aim": … or null, "verdict": … or null}},
 "tables": {NAME: [{COLUMN: …}]}, "notes": ["…"]}
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from rich import box
from rich.console import Console
from rich.table import Table

from .measuring import Figure

ROOT = Path(__file__).resolve().parent.parent.parent

Value = float | int | str
Environment = Mapping[str, Value | None]


@dataclass(frozen=True)
class Report:
    """The figures, tables and notes of a row."""

    figures: Mapping[str, Figure]
    tables: Mapping[str, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    notes: Sequence[str] = ()


def environment() -> Environment:
    """Describe the machine, and list versions."""
    return {
        "python": platform.python_version(),
        **{name: installed(name) for name in ("torch", "numpy", "numba", "pytorch-crf", "bilstm-nlp")},
        "commit": commit(),
        "threads": torch.get_num_threads(),
        "cpu": cpu(),
        "cores": os.cpu_count(),
    }


def installed(package: str) -> str | None:
    """Return the version of a package, or `None` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def commit() -> str | None:
    """Return the commit of the sources, with `-dirty` if they have changed; `None` without git or a repository."""
    command = ["git", "-C", str(ROOT), "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def cpu() -> str:
    """Return the model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def as_json(benchmark: str, report: Report, where: Environment) -> str:
    """Return the report as a JSON object."""
    values = {
        "benchmark": benchmark,
        "environment": where,
        "figures": {name: described(figure) for name, figure in report.figures.items()},
        "tables": report.tables,
        "notes": report.notes,
    }
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def described(figure: Figure) -> dict[str, Value | None]:
    """Return a figure with its quartiles and its target."""
    lower, upper = figure.quartiles
    target = figure.target
    return {
        "median": figure.median,
        "lower_quartile": lower,
        "upper_quartile": upper,
        "rounds": len(figure.values),
        "unit": figure.unit,
        "at_least": target.at_least if target else None,
        "aim": target.aim if target else None,
        "verdict": target.verdict(figure.median) if target else None,
    }


def show(benchmark: str, report: Report, where: Environment) -> None:
    """Print the tables for people."""
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, 110)  # a narrow terminal wraps lines, which is better than cells
    figures = [
        {
            "figure": name.replace("_", " "),
            "median": values["median"],
            "quartiles": f"{shown(values['lower_quartile'])} – {shown(values['upper_quartile'])}",
            "unit": values["unit"],
            "goal (aim)": f"{shown(values['at_least'])} ({shown(values['aim'])})" if values["verdict"] else "",
            "": values["verdict"] or "",
        }
        for name, values in ((name, described(figure)) for name, figure in report.figures.items())
    ]
    for title, rows in {benchmark: figures, **report.tables}.items():
        table = Table(
            *(name.replace("_", " ") for name in rows[0]), title=title, title_justify="left", box=box.SIMPLE_HEAD
        )
        for column, value in zip(table.columns, rows[0].values(), strict=True):
            column.justify = "left" if isinstance(value, str) else "right"
        for row in rows:
            table.add_row(*map(shown, row.values()))
        console.print(table)
    for note in (*report.notes, ", ".join(f"{name} {value or 'none'}" for name, value in where.items())):
        console.print(f"- {note}", markup=False)


def shown(value: Value | None) -> str:
    """Format a value for people, with three digits, or all digits before the point."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.0f}" if abs(value) >= 100 or isinstance(value, int) else f"{value:.3g}"
