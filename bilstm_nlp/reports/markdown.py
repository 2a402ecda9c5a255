"""Results as Markdown, for report.md in the run directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bilstm_nlp.reports.sections import Picture, Row, Section, Table


def markdown(training: Mapping[str, Any], sections: Iterable[Section]) -> str:
    """Write the report of a finished run: how it was trained, then the sections of its results."""
    parts = [
        "# Training run",
        f"{training['epochs']} epochs, the best of them {training['best_epoch']}; {training['parameters']:,} trained "
        f"parameters; {training['seconds']:.0f} s of training ({training['sequences_per_second']:,.0f} sequences/s on "
        f"{training['threads']} threads), {training['peak_memory_mb']:,.0f} MiB at most.",
        "![Curves of the training](plots/curves.png)",
    ]
    return "\n\n".join([*parts, *map(markdown_section, sections)]) + "\n"


def markdown_section(section: Section) -> str:
    """Write a section under a heading of the second level.

    >>> print(markdown_section(Section("test", ["All is well."])))
    ## test
    <BLANKLINE>
    All is well.
    """
    parts = [f"## {section.title}"]
    for part in section.parts:
        match part:
            case Table(title, header, rows):
                parts += [f"**{title}**", markdown_table(header, rows)]
            case str():
                parts.append(part)
            case Picture(file, caption):
                parts.append(f"![{caption}]({file})")
    return "\n\n".join(parts)


def markdown_table(header: Row, rows: Iterable[Row]) -> str:
    """Write a table; bars in cells are escaped.

    >>> print(markdown_table(("", "F1"), [("a|b", "0.9")]))
    |  | F1 |
    | --- | ---: |
    | a\\|b | 0.9 |
    """
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
