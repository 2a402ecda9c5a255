"""Classified texts as output: a line a text, JSON lines, CSV, or a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, assert_never

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.reports.characters import shown
from bilstm_nlp.reports.html import marked_style, policy, template
from bilstm_nlp.system.json_values import shortest

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.predictor import Classified

OutputFormat = Literal["text", "jsonl", "csv", "html"]
JOINED = ", "
"""Text between several classes."""
COLOURS = 7
"""Colours of classes in `reports/web/base.css`."""
SHADES = 5
"""Shades of a weight, from the least to the largest of a text."""
FOOTER = "</main>\n</body>\n</html>\n"

Write = Callable[[int, LabelledText, "Classified | None"], str]
"""(number of the text from 1, text, its classes or None for a text without tokens) → output"""


@dataclass(frozen=True)
class Choices:
    """The parts of an answer that are asked for."""

    confidence: bool
    """The probability of the class, or of each class."""
    top: int
    """Number of the most probable classes to add, with their probabilities."""
    attention: bool
    """The weight of each token."""


def writer_of(kind: OutputFormat, choices: Choices, columns: Sequence[str] = ()) -> Write:
    """Return the function that writes a classified text. `columns` are others of the input that CSV gives back."""
    match kind:
        case "text":
            return lambda number, text, answer: _line(text, answer, choices)
        case "jsonl":
            return lambda number, text, answer: _json(text, answer, choices)
        case "csv":
            return lambda number, text, answer: _row(text, answer, choices, columns)
        case "html":
            return _paragraph
        case _:
            assert_never(kind)


def header_of(kind: OutputFormat, source: str, *, weighted: bool) -> str:
    """Return the beginning of the output for every input. `weighted`: the model weighs the words of a text."""
    if kind != "html":
        return ""
    look = marked_style(_resource("classified.css"))
    return template(_resource("classified.html"), {"shown": shown}).render(
        policy=policy(look, ""),
        style=look,
        source=source,
        weighted=weighted,
        shares=[f"{number / SHADES:.0%}–{(number + 1) / SHADES:.0%}" for number in range(SHADES)],
    )


def names_of(choices: Choices, columns: Sequence[str]) -> str:
    """Return the header line of CSV, the names of its columns."""
    top = [name for number in range(1, choices.top + 1) for name in (f"class_{number}", f"probability_{number}")]
    return _cells([*columns, "text", "class", *(["confidence"] if choices.confidence else []), *top])


def _resource(name: str) -> str:
    return (files("bilstm_nlp.tasks.classification") / "web" / name).read_text(encoding="utf-8")


def confidence_of(answer: Classified) -> list[float]:
    """Return the probability of each predicted class."""
    return [answer.probabilities[name] for name in answer.classes]


def _line(text: LabelledText, answer: Classified | None, choices: Choices) -> str:
    """Write the classes, probabilities if asked for, and the text in one line, parted by tabs."""
    plain = " ".join(text.text.split("\n")).replace("\t", " ").replace("\r", " ")
    if answer is None:
        return f"{plain}\n"
    cells = [JOINED.join(answer.classes)]
    if choices.confidence:
        cells.append(JOINED.join(f"{value:.4f}" for value in confidence_of(answer)))
    if choices.top:
        cells.append(JOINED.join(f"{name} {value:.4f}" for name, value in _top(answer, choices.top)))
    return "\t".join([*cells, plain]) + "\n"


def _json(text: LabelledText, answer: Classified | None, choices: Choices) -> str:
    """Write a text with its classes as a JSON object. Other keys of the record come first."""
    values: dict[str, Any] = {**text.other, "text": text.text}
    if answer is None:
        values |= {"classes": []}
    else:
        values |= {"classes": list(answer.classes)}
        if choices.confidence:
            values["confidence"] = _rounded(confidence_of(answer))
        if choices.top:
            values["top"] = [[name, _rounded([value])[0]] for name, value in _top(answer, choices.top)]
        if choices.attention and answer.weights is not None:
            values["tokens"] = list(text.tokens)
            values["attention"] = shortest(answer.weights)
    return json.dumps(values, ensure_ascii=False, default=str) + "\n"


def _row(text: LabelledText, answer: Classified | None, choices: Choices, columns: Sequence[str]) -> str:
    """Write a text with its classes as a row of CSV, after the other columns of its input."""
    cells: list[str] = [
        *(_cell(text.other.get(name)) for name in columns),
        text.text,
        "" if answer is None else JOINED.join(answer.classes),
    ]
    if choices.confidence:
        cells.append("" if answer is None else JOINED.join(f"{value:.6g}" for value in confidence_of(answer)))
    top = [] if answer is None else _top(answer, choices.top)
    cells += [cell for name, value in top for cell in (name, f"{value:.6g}")]
    cells += [""] * 2 * (choices.top - len(top))
    return _cells(cells)


def _cell(value: object) -> str:
    """Write a value of another column; nothing for none."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _cells(cells: list[str]) -> str:
    """Write a row of CSV."""
    output = io.StringIO()
    csv.writer(output, lineterminator="\n").writerow(cells)
    return output.getvalue()


def _top(answer: Classified, count: int) -> list[tuple[str, float]]:
    """Return the most probable classes with their probabilities."""
    return list(answer.probabilities.items())[:count]


def _rounded(values: list[float]) -> list[float]:
    """Keep six digits of probabilities."""
    return [float(f"{value:.6g}") for value in values]


def _paragraph(number: int, text: LabelledText, answer: Classified | None) -> str:
    """Write a text as a paragraph of a page: its classes, then its words, darker the more weight they have."""
    if answer is None:
        return f'<p id="t{number}" dir="auto"><a href="#t{number}">{number}</a></p>\n'
    marks = [
        f'<mark class="k{sorted(answer.probabilities).index(name) % COLOURS}">{shown(name)} {value:.2f}</mark>'
        for name, value in zip(answer.classes, confidence_of(answer), strict=True)
    ]
    place = f'<p id="t{number}" dir="auto"><a href="#t{number}">{number}</a>'
    return f"{place} {' '.join(marks)} {_words(text, answer)}</p>\n"


def _words(text: LabelledText, answer: Classified) -> str:
    """Write the words of a text, with their weights if there are any."""
    if answer.weights is None:
        return str(shown(text.text, kept="\n\r\t"))
    largest = float(answer.weights.max(initial=0.0)) or 1.0
    words = []
    for token, weight in zip(text.tokens, answer.weights.tolist(), strict=True):
        shade = min(SHADES - 1, int(weight / largest * SHADES))
        words.append(f'<span class="w{shade}" title="{weight:.3f}">{shown(token)}</span>')
    return " ".join(words)
