"""Write the README's tables of configs and of variants from the files in configs/: python scripts/readme_tables.py"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bilstm_nlp.studies.compare import grid as grids

ROOT = Path(__file__).resolve().parent.parent


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *rows])


def linked(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"[{name}]({name})"


def first_sentence(path: Path) -> str:
    """The first sentence of the comment that a config begins with, without its full stop."""
    comment = re.match(r"(?:#.*\n)+", path.read_text(encoding="utf-8"))
    if comment is None:
        raise SystemExit(f"{path}: expected a comment that says what it is, found none")
    text = " ".join(line.lstrip("# ") for line in comment[0].splitlines())
    return re.split(r"\.(?= [A-Z]|$)", text, maxsplit=1)[0]


def configs() -> str:
    """Every shipped file, comparisons last, and what it says of itself."""
    paths = sorted((ROOT / "configs").rglob("*.toml"), key=lambda path: (path.parent.name == "compare", path))
    return table(["file", "what it is"], [[linked(path), first_sentence(path)] for path in paths])


def variants() -> str:
    """What the shipped comparisons change, a row a change, and what each of them calls it."""
    found = {path.stem: grids.read(path).changes for path in sorted((ROOT / "configs" / "compare").glob("*.toml"))}
    names: dict[str, dict[str, str]] = {}
    for grid, changes in found.items():
        for name, change in changes.items():
            shown = ", ".join(f"`{key} = {json.dumps(value)}`" for key, value in change.items()) or "the base as it is"
            names.setdefault(shown, {})[grid] = name
    rows = [[shown, *(called.get(grid, "") for grid in found)] for shown, called in names.items()]
    return table(["change", *found], rows)


def filled(readme: str) -> str:
    """The README's text with both tables as the files have them."""
    for name, made in (("configs", configs()), ("variants", variants())):
        begin, end = f"<!-- {name}, by scripts/readme_tables.py -->\n", f"\n<!-- end of {name} -->"
        if readme.count(begin) != 1 or readme.count(end) != 1:
            raise SystemExit(f"README.md: expected {begin.strip()} and {end.strip()} once each, found otherwise")
        before, rest = readme.split(begin)
        readme = before + begin + made + end + rest.split(end)[1]
    return readme


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
