"""Every wrong entity as one page of HTML.

The page works without scripts and loads nothing from outside. `web/errors.html` is its template; this module computes
the values that the template shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeAlias

from bilstm_nlp.metrics.entities import NOVELTY_GROUPS
from bilstm_nlp.reports.characters import code, is_coded, shown
from bilstm_nlp.reports.html import policy, style, template
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks import pages
from bilstm_nlp.tasks.tagging.errors import KINDS, AssessedEntity, Kind, WrongEntity
from bilstm_nlp.tasks.tagging.words import ENTITIES, Words

TOKENS_SHOWN = 60
"""Tokens that are shown of a longer sentence, around the entity."""
OTHER_TYPE = "has another type there"
"""Column of entities whose tokens are an entity of another type in the training data, of their own type or not."""
COLOURS = 7
"""Colours of types in `reports/web/base.css`."""

Facts: TypeAlias = Sequence[tuple[str, str]]
"""(name, value) in the head of the page."""


def kinds_of(words: Words) -> Sequence[Kind]:
    """Return the kinds of mistakes. Where every token has a label, only the label can be wrong."""
    return KINDS if words.outside else ("wrong type",)


def facts(score: float | None, entities: int, sentences: int, words: Words = ENTITIES) -> Facts:
    """Describe an evaluation for the head of the page: its score, its sizes and today's date."""
    return [
        (words.score, "undefined" if score is None else f"{100 * score:.2f} %"),
        (f"gold {words.many}", f"{entities:,}"),
        ("sentences", f"{sentences:,}"),
        ("date", date.today().isoformat()),
    ]


def write(
    path: Path,
    source: str,
    wrong: Sequence[WrongEntity],
    title: str | None = None,
    *,
    words: Words = ENTITIES,
    facts: Facts = (),
    runs: Sequence[Path] = (),
) -> None:
    """Write the page to a file, with facts in its head and links to run directories. `words` are those of the page.

    Raises `InputError` if that is not possible.
    """
    pages.write(path, runs, lambda links: page(source, wrong, title, facts, links, words))


def page(
    source: str,
    wrong: Sequence[WrongEntity],
    title: str | None = None,
    facts: Facts = (),
    runs: Sequence[tuple[str, str]] = (),
    words: Words = ENTITIES,
) -> str:
    """Return the page for the wrong entities of the corpus `source`, in the given order.

    `runs` are pairs (name, URL) of the runs that predicted.
    """
    look, script = style(_resource("errors.css")), _resource("errors.js")
    types = sorted({mistake.entity.span.type for mistake in wrong})
    every_type = sorted({kind for mistake in wrong for kind in _types(mistake)})
    colour = {kind: f"k{number % COLOURS}" for number, kind in enumerate(every_type)}
    filters: dict[str, Callable[..., str]] = {
        "shown": shown,
        "attribute": attribute,
        "probability": probability,
        "mistake": words.mistake,
        "colour": lambda kind: colour.get(kind, ""),
    }
    return template(_resource("errors.html"), filters).render(
        title=title or f"Wrong {words.many}",
        words=words,
        policy=policy(look, script),
        style=look,
        script=script,
        source=source,
        facts=facts,
        runs=runs,
        summary=f"{len(wrong):,} wrong {words.many} in {len({id(mistake.sentence) for mistake in wrong}):,} sentences",
        by_type=_counted(wrong, types, lambda mistake: [mistake.entity.span.type], words),
        by_novelty=_counted(wrong, [*NOVELTY_GROUPS, OTHER_TYPE], _training_data, words),
        kinds=kinds_of(words),
        types=every_type,
        knowledge=[*NOVELTY_GROUPS, OTHER_TYPE],
        rows=map(_row, wrong),
        longest=TOKENS_SHOWN,
    )


def _resource(name: str) -> str:
    return (files("bilstm_nlp.tasks.tagging") / "web" / name).read_text(encoding="utf-8")


# --- counts and choices ---


class CountTable(NamedTuple):
    """Counts of kinds of mistakes against columns, with totals."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int]]]


def _counted(
    wrong: Sequence[WrongEntity], columns: Sequence[str], columns_of: Callable[[WrongEntity], list[str]], words: Words
) -> CountTable:
    cells = Counter((mistake.kind, column) for mistake in wrong for column in columns_of(mistake))
    of_kind = Counter(mistake.kind for mistake in wrong)
    of_column = Counter(column for mistake in wrong for column in columns_of(mistake))
    rows: list[tuple[str, list[int]]] = [
        (words.mistake(kind), [*(cells[kind, column] for column in columns), of_kind[kind]]) for kind in kinds_of(words)
    ]
    rows.append(("all", [*(of_column[column] for column in columns), len(wrong)]))
    return CountTable([*columns, "all"], rows)


def _training_data(mistake: WrongEntity) -> list[str]:
    """Return the columns on the training data's knowledge in which a mistake counts."""
    return [mistake.entity.novelty, *([OTHER_TYPE] if mistake.entity.other_types else [])]


def _types(mistake: WrongEntity) -> list[str]:
    return [side.span.type for side in (mistake.gold, mistake.predicted) if side]


# --- rows ---


class Row(NamedTuple):
    """A mistake as the template shows it."""

    wrong: WrongEntity
    types: Sequence[str]
    """By which the row can be chosen."""
    training_data: Sequence[str]
    """By which the row can be chosen."""
    known: Sequence[tuple[str, str]]
    """(side, the training data's knowledge of its entity); the side is empty if there is nothing to tell apart."""
    runs: Sequence[tuple[str, Sequence[Piece]]]
    """The sentence: (classes of the entities that a run lies in, pieces of text)."""
    cut_before: bool
    cut_after: bool


class Piece(NamedTuple):
    """A token, a blank, or the type of an entity after its last token."""

    text: str
    side: str = ""
    """`gold` or `predicted` for the type of an entity."""


def _row(mistake: WrongEntity) -> Row:
    tokens = mistake.sentence.tokens
    gold = mistake.gold.span if mistake.gold else mistake.overlapped
    predicted = mistake.predicted.span if mistake.predicted else mistake.overlapped
    marked = [span for span in (gold, predicted) if span is not None]
    known = [(name, _known(side)) for name, side in (("gold", mistake.gold), ("predicted", mistake.predicted)) if side]
    if len({text for _, text in known}) == 1:
        known = [("", known[0][1])]
    first, last = window(len(tokens), min(span.start for span in marked), max(span.end for span in marked))
    pieces = _pieces(tokens, first, last, gold, predicted)
    return Row(
        wrong=mistake,
        types=_types(mistake),
        training_data=_training_data(mistake),
        known=known,
        runs=[(classes, [piece for _, piece in run]) for classes, run in groupby(pieces, key=lambda pair: pair[0])],
        cut_before=first > 0,
        cut_after=last < len(tokens),
    )


def _known(assessed: AssessedEntity) -> str:
    others = ", ".join(assessed.other_types)
    if assessed.novelty == "seen":
        return f"seen, also as {others}" if others else "seen"
    return f"seen as {others} only" if others else "unseen"


def _pieces(
    tokens: Sequence[str], first: int, last: int, gold: Span | None, predicted: Span | None
) -> Iterator[tuple[str, Piece]]:
    """Yield (classes, piece) for tokens first..last-1. A blank is marked if both tokens beside it are."""
    blank = "" if all(len(token) == 1 for token in tokens) else " "  # characters as tokens stand close
    for index in range(first, last):
        yield _classes(gold, predicted, index, index + 1), Piece(tokens[index])
        for side, span in (("gold", gold), ("predicted", predicted)):
            if span is not None and span.end == index + 1:
                yield "", Piece(span.type, side)
        if index + 1 < last:
            yield _classes(gold, predicted, index, index + 2), Piece(blank)


def _classes(gold: Span | None, predicted: Span | None, start: int, end: int) -> str:
    """Name the entities that tokens start..end-1 lie in."""
    sides = (("gold", gold), ("predicted", predicted))
    return " ".join(name for name, span in sides if span is not None and span.start <= start and end <= span.end)


def window(length: int, start: int, end: int) -> tuple[int, int]:
    """Return the first token to show of `length`, and the one after the last, with tokens start..end-1 in the middle.

    >>> window(200, 100, 102)
    (71, 131)
    """
    count = min(length, max(TOKENS_SHOWN, end - start))
    first = start - (count - (end - start)) // 2
    first = max(0, min(first, length - count))
    return first, first + count


# --- filters of the template ---


def probability(value: float) -> str:
    """Format a probability with two digits. Only certainty is 1, and only impossibility is 0.

    >>> probability(0.999), probability(1.0)
    ('>0.99', '1.00')
    """
    text = f"{value:.2f}"
    if text == "1.00" and value < 1:
        return ">0.99"
    return "<0.01" if text == "0.00" and value > 0 else text


def attribute(values: Sequence[str]) -> str:
    """Join texts for an HTML attribute by line ends, with codes as in `shown`. No text has a line end of its own."""
    return "\n".join(
        "".join(code(character) if is_coded(character) else character for character in value) for value in values
    )
