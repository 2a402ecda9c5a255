"""Classes at the beginning or the end of lines, before or after the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_columns import ColumnFigures
from bilstm_nlp.data.labelled.text_names import Ambiguous
from bilstm_nlp.data.labelled.text_rows import Cells

MOST_OTHERS = 0.1
"""The largest share of lines without a separator."""
SURE, FEWEST = 0.9, 5
"""The least share of lines with known classes, and the fewest lines, if no class is needed."""
FEW = 20
"""Lines that are too few to be sure of classes before or after a blank."""
SETTINGS = "data.label_column = 0 or -1"


@dataclass(frozen=True)
class End:
    """An end of the lines at which the class stands, and what is a guess about it."""

    first: bool
    doubt: str | None = None


def end_of(
    lines: Sequence[str], separator: str, format: TextFormat, needs_class: bool = True, *, weak: bool
) -> End | None:
    """Tell at which end of the lines the class stands; None if it stands at neither.

    Where no class is needed, it stands there only if most lines have known classes.
    `weak` accepts what the settings say, even if the values don't repeat, and a single class. Raises `Ambiguous` if it
    could stand at both.

    >>> end_of(["0 good film", "1 bad film", "0 fine", "1 poor"], " ", TextFormat(), weak=False).first
    True
    """
    sides = [side for side in (0, 1) if _allowed(side, format)]
    if separator == ": ":
        sides = [side for side in sides if side == 0]
    figures = {
        side: figure
        for side in sides
        if (figure := _figures(lines, separator, side, format.label_separator)) is not None
    }
    if not figures:
        return None
    known = {side: figure.known(format.known) for side, figure in figures.items()}
    best = max(figures, key=lambda side: known[side])
    if not needs_class:
        if known[best] < SURE or figures[best].distinct < 2 or len(lines) < FEWEST:
            return None
        return End(best == 0, f"lines {'end' if best else 'begin'} with known classes, which are not part of the text")
    if known[best] >= 0.5:
        return End(best == 0)
    repeating = [side for side, figure in figures.items() if figure.repeats and "" not in figure.values]
    if len(repeating) == 1:
        values = ", ".join(list(figures[repeating[0]].values)[:3])
        few = separator == " " and len(lines) < FEW
        return End(repeating[0] == 0, f"the classes are {values} …; {SETTINGS} says otherwise" if few else None)
    if repeating:
        return _one_of_two(figures, lines, separator)
    if weak and (format.label_columns or format.text_columns):
        return End(min(figures) == 0)
    constant = [side for side, figure in figures.items() if figure.is_constant]
    if weak and len(constant) == 1 and len(lines) > 1:
        value = next(iter(figures[constant[0]].values))
        return End(
            constant[0] == 0, f"all texts have the class {value!r}; {SETTINGS}, or data.separator, tells another"
        )
    return None


def _allowed(side: int, format: TextFormat) -> bool:
    """Tell whether the settings allow the class at a side: 0 or 1."""
    label = all(column in (side, side - 2) for column in format.label_columns)
    return label and all(column in (1 - side, -1 - side) for column in format.text_columns)


def _figures(lines: Sequence[str], separator: str, side: int, parted: str | None) -> ColumnFigures | None:
    """Return the figures of the classes at a side; None if many lines don't have the separator."""
    cells = Cells(separator, "last" if side else "first")
    rows = [row for row in map(cells.cut, lines) if len(row) == 2]
    if len(lines) - len(rows) > MOST_OTHERS * len(lines):
        return None
    return ColumnFigures.of(side, [row[side] for row in rows], parted)


def _one_of_two(figures: dict[int, ColumnFigures], lines: Sequence[str], separator: str) -> End:
    """Choose between two ends whose values repeat: classes are fewer, and they are no words of the texts."""
    words = {word for line in lines for word in line.split()[1:-1]}
    inside = {
        side: sum(count for value, count in figure.values.items() if value in words) / figure.cells
        for side, figure in figures.items()
    }
    counts = {side: figure.distinct for side, figure in figures.items()}
    side = min(figures, key=lambda side: (2 * inside[side] > inside[1 - side], counts[side]))
    fewer, strange = 2 * counts[side] <= counts[1 - side], 2 * inside[side] < inside[1 - side]
    examples = {side: ", ".join(list(figure.values)[:3]) for side, figure in figures.items()}
    if not (strange and counts[side] <= 2 * counts[1 - side]) and not (fewer and inside[side] <= inside[1 - side]):
        both = [f"{examples[0]} … before the text", f"{examples[1]} … after it"]
        raise Ambiguous(SETTINGS, "classes at one end of the lines", both, "")
    return End(side == 0, f"the classes are {examples[side]} …, not {examples[1 - side]} …; {SETTINGS} says otherwise")
