"""Write docs/configs.md, the tables of shipped configs and variants: python scripts/config_tables.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bilstm_nlp.studies.compare import grid as grids

ROOT = Path(__file__).resolve().parent.parent
PAGE = """# Shipped configs

`python scripts/config_tables.py` writes this page from the files in `configs/`. From a clone, a config is named by its
path. From anywhere, `sample:ner`, `sample:pos`, `sample:forecasting` and the like name the samples, and
`sample:ner/conll2003` any other file. [configuration.md](configuration.md) describes every key.

{configs}

## Variants

The changes that the shipped comparisons make to their bases, and the name of each change in each comparison.
[variants.md](variants.md) has the measurements.

{variants}
"""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *rows])


def linked(path: Path) -> str:
    """Return a link from docs/ to a file of the repository."""
    name = path.relative_to(ROOT).as_posix()
    return f"[{name}](../{name})"


def first_sentence(path: Path) -> str:
    """Return the first sentence of the comment that a config begins with, without its full stop."""
    comment = re.match(r"(?:#.*\n)+", path.read_text(encoding="utf-8"))
    if comment is None:
        raise SystemExit(f"{path}: expected a comment that says what it is, found none")
    text = " ".join(line.lstrip("# ") for line in comment[0].splitlines())
    return re.split(r"\.(?= [A-Z]|$)", text, maxsplit=1)[0]


def configs() -> str:
    """Return a table of all shipped files and their first sentences, comparisons last."""
    paths = sorted((ROOT / "configs").rglob("*.toml"), key=lambda path: (path.parent.name == "compare", path))
    return table(["file", "what it is"], [[linked(path), first_sentence(path)] for path in paths])


def variants() -> str:
    """Return a table of the changes of the shipped comparisons, with the name of each change in each comparison."""
    grid_changes = {
        path.stem: grids.read(path).changes for path in sorted((ROOT / "configs" / "compare").glob("*.toml"))
    }
    names: dict[str, dict[str, str]] = {}
    for grid, changes in grid_changes.items():
        for name, change in changes.items():
            shown = ", ".join(f"`{key} = {json.dumps(value)}`" for key, value in change.items()) or "none (the base)"
            names.setdefault(shown, {})[grid] = name
    rows = [[shown, *(called.get(grid, "") for grid in grid_changes)] for shown, called in names.items()]
    return table(["change", *grid_changes], rows)


def page() -> str:
    """Return docs/configs.md."""
    return PAGE.format(configs=configs(), variants=variants())


if __name__ == "__main__":
    (ROOT / "docs" / "configs.md").write_text(page(), encoding="utf-8")
