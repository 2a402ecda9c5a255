"""Every wrong entity as one page of HTML: whole without scripts, and nothing from outside; web/ has its parts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from string import Template

from bilstm_nlp.errors import InputError, OutputError
from bilstm_nlp.metrics.entities import NOVELTY_GROUPS
from bilstm_nlp.reports.html import policy, style
from bilstm_nlp.system.files import write_text
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.tagging.errors import KINDS, Judged, WrongEntity

LONGEST = 60
"""Tokens of a sentence that are shown; of a longer one, those around the entity."""
NAMED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that have no shape of their own, or that turn what stands around them."""
JOINERS = "\u200c\u200d"
"""Of these, those by which some scripts are spelled."""


TITLE = "Wrong entities"


def write(path: Path, source: str, wrong: Sequence[WrongEntity], title: str = TITLE) -> None:
    """Write the page to a file. Raises `InputError` where that can't be done."""
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: expected a file to write to, found what is none")
    try:
        write_text(path, page(source, wrong, title))
    except OutputError as error:
        raise InputError(f"{path}: expected a file that can be written, found {error.reason}") from None


def page(source: str, wrong: Sequence[WrongEntity], title: str = TITLE) -> str:
    """The page for what is wrong on the corpus `source`, in the given order."""
    look, script = style(resource("errors.css")), resource("errors.js")
    types = sorted({one.judged.span.type for one in wrong})
    sentences = len({id(one.sentence) for one in wrong})
    return Template(resource("errors.html")).substitute(
        title=escape(title),
        policy=policy(look, script),
        style=look,
        script=script,
        source=shown(source),
        summary=f"{len(wrong):,} wrong entities in {sentences:,} sentences",
        by_type=counts(wrong, types, lambda one: [one.judged.span.type]),
        by_novelty=counts(wrong, [*NOVELTY_GROUPS, ANOTHER], knowledge_of),
        kinds=options(KINDS),
        types=options(sorted({kind for one in wrong for kind in types_of(one)})),
        knowledge=options([*NOVELTY_GROUPS, ANOTHER]),
        rows="\n".join(row(rank, one) for rank, one in enumerate(wrong, 1)),
        longest=str(LONGEST),
    )


def resource(name: str) -> str:
    return (files("bilstm_nlp.tasks.tagging") / "web" / name).read_text(encoding="utf-8")


# --- what is counted and chosen --------------------------------------------------------------------------------------

ANOTHER = "has another type there"
"""What the training data knows of an entity whose tokens are an entity of another type there, its own or not."""


def knowledge_of(one: WrongEntity) -> list[str]:
    """The columns of the training data's knowledge in which a mistake counts."""
    return [one.judged.novelty, *([ANOTHER] if one.judged.other_types else [])]


def types_of(one: WrongEntity) -> list[str]:
    return [side.span.type for side in (one.gold, one.predicted) if side]


def counts(wrong: Sequence[WrongEntity], columns: Sequence[str], columns_of: Callable[[WrongEntity], list[str]]) -> str:
    """A table of kinds against columns, with totals."""
    cells = Counter((one.kind, column) for one in wrong for column in columns_of(one))
    of_kind = Counter(one.kind for one in wrong)
    of_column = Counter(column for one in wrong for column in columns_of(one))
    head = "".join(f'<th scope="col">{shown(column)}</th>' for column in (*columns, "all"))
    lines = {str(kind): [*(cells[kind, column] for column in columns), of_kind[kind]] for kind in KINDS}
    lines["all"] = [*(of_column[column] for column in columns), len(wrong)]
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{count:,}</td>" for count in of_line)}</tr>'
        for name, of_line in lines.items()
    )
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"


def options(values: Sequence[str]) -> str:
    return "".join(f'<option value="{attribute(value)}">{shown(value)}</option>' for value in values)


# --- rows ------------------------------------------------------------------------------------------------------------


def row(rank: int, one: WrongEntity) -> str:
    """A mistake as a row of the table; what it can be chosen by is in its attributes."""
    attributes = (
        f'data-kind="{one.kind}" data-types="{attributes_of(types_of(one))}" '
        f'data-knowledge="{attributes_of(knowledge_of(one))}"'
    )
    cells = [
        f'<th scope="row">{rank}</th>',
        f'<td class="number">{probability(one.confidence)}</td>',
        f"<td>{one.kind}</td>",
        f'<td class="side">{side(one.gold, one.overlapped)}</td>',
        f'<td class="side">{side(one.predicted, one.overlapped)}</td>',
        f'<td class="sentence"><p dir="auto">{sentence(one)}</p></td>',
        f'<td class="number">{one.line}</td>',
        f"<td>{knowledge(one)}</td>",
    ]
    return f"<tr {attributes}>{''.join(cells)}</tr>"


def probability(value: float) -> str:
    """With four digits; only certainty is 1 and only impossibility 0."""
    text = f"{value:.4f}"
    if text == "1.0000" and value < 1:
        return "&gt;0.9999"
    return "&lt;0.0001" if text == "0.0000" and value > 0 else text


def side(judged: Judged | None, overlapped: Span | None) -> str:
    """A side's type and probability, or what stands there instead."""
    if judged is not None:
        return f"<b>{shown(judged.span.type)}</b> <small>P = {probability(judged.probability)}</small>"
    return "none" if overlapped is None else f"<small>overlaps {shown(overlapped.type)}, see its own row</small>"


def knowledge(one: WrongEntity) -> str:
    """What the training data has of each side."""
    sides = [(name, judged) for name, judged in (("gold", one.gold), ("predicted", one.predicted)) if judged]
    return "<br>".join(f"<small>{name}</small> {known(judged)}" for name, judged in sides)


def known(judged: Judged) -> str:
    others = ", ".join(map(shown, judged.other_types))
    if judged.novelty == "seen":
        return f"seen, also as {others}" if others else "seen"
    return f"seen as {others} only" if others else "unseen"


# --- sentences -------------------------------------------------------------------------------------------------------


def sentence(one: WrongEntity) -> str:
    """The tokens, with the gold entity and the predicted one marked, each named where it ends."""
    tokens = one.sentence.tokens
    gold = one.gold.span if one.gold else one.overlapped
    predicted = one.predicted.span if one.predicted else one.overlapped
    marked = [span for span in (gold, predicted) if span is not None]
    first, last = window(len(tokens), min(span.start for span in marked), max(span.end for span in marked))
    blank = "" if all(len(token) == 1 for token in tokens) else " "  # characters as tokens stand close

    def pieces() -> Iterator[tuple[str, str]]:
        """(class, HTML), token by token; what joins two tokens is marked where both are of one entity."""
        for index in range(first, last):
            yield classes(gold, predicted, index, index + 1), shown(tokens[index])
            for name, span in (("gold", gold), ("predicted", predicted)):
                if span is not None and span.end == index + 1:
                    yield "", f' <bdi class="name {name}-name">{name} {shown(span.type)}</bdi>'
            if index + 1 < last:
                yield classes(gold, predicted, index, index + 2), blank

    runs = [(names, "".join(text for _, text in run)) for names, run in groupby(pieces(), key=lambda piece: piece[0])]
    text = "".join(f'<span class="{names}">{content}</span>' if names else content for names, content in runs)
    return f"{'… ' if first > 0 else ''}{text}{' …' if last < len(tokens) else ''}"


def classes(gold: Span | None, predicted: Span | None, start: int, end: int) -> str:
    """Which of the two entities these tokens lie in."""
    within = (("gold", gold), ("predicted", predicted))
    return " ".join(name for name, span in within if span is not None and span.start <= start and end <= span.end)


def window(length: int, start: int, end: int) -> tuple[int, int]:
    """The tokens to show of so many, so that start..end-1 are in the middle: first, and the one after the last."""
    shown_tokens = min(length, max(LONGEST, end - start))
    first = start - (shown_tokens - (end - start)) // 2
    first = max(0, min(first, length - shown_tokens))
    return first, first + shown_tokens


def shown(text: str) -> str:
    """Text as HTML. What can't be seen, or turns text around, is shown as its code: a bidirectional override acts on
    nothing."""
    return "".join(
        f'<bdi class="code">U+{ord(character):04X}</bdi>' if is_named(character) else escape(character)
        for character in text
    )


def attribute(text: str) -> str:
    """Text for within an attribute, the same in the list to choose from and in the rows."""
    return escape("".join(f"U+{ord(character):04X}" if is_named(character) else character for character in text))


def attributes_of(values: Sequence[str]) -> str:
    """Several texts within an attribute: none has a line end of its own."""
    return "\n".join(map(attribute, values))


def is_named(character: str) -> bool:
    """Whether a character is shown as its code."""
    return unicodedata.category(character) in NAMED and character not in JOINERS
