"""Tagged text as one page of HTML: entities marked in the colour of their type, darker the surer the tagger is.

The page is written sentence by sentence, has no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files

from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.reports.characters import shown
from bilstm_nlp.reports.html import marked_style, policy, template

COLOURS = 7
"""Colours of types in `reports/web/base.css`."""
SHADES = 5
"""Shades of the probability, from 0 to 1."""
FOOTER = "</main>\n</body>\n</html>\n"


def head(source: str, types: Sequence[str]) -> str:
    """Return the beginning of a page about a source, with a legend of the types."""
    look = marked_style(_resource("marked.css"))
    shares = [(number, f"{number / SHADES:.0%}–{(number + 1) / SHADES:.0%}") for number in range(SHADES)]
    return template(_resource("marked.html"), {"shown": shown, "colour": _colours(types).__getitem__}).render(
        policy=policy(look, ""), style=look, source=source, types=[kind for kind in types if kind], shares=shares
    )


def writer(types: Sequence[str]) -> Callable[[int, TaggedSentence], str]:
    """Return the function (number of the sentence from 1, sentence) → its paragraph."""
    colour = _colours(types)

    def write(number: int, tagged: TaggedSentence) -> str:
        parts, end = [f'<p id="s{number}" dir="auto"><a href="#s{number}">{number}</a>'], 0
        for entity in tagged.entities:
            parts += [_text(tagged.text[end : entity.start]), _mark(entity, colour.get(entity.type, "k6"))]
            end = entity.end
        return "".join([*parts, _text(tagged.text[end:]), "</p>\n"])

    return write


def _colours(types: Sequence[str]) -> dict[str, str]:
    """Return the class of each type's colour."""
    return {kind: f"k{number % COLOURS}" for number, kind in enumerate(types)}


def _mark(entity: Entity, colour: str) -> str:
    """Mark an entity, with its type and its probability beside it."""
    score = 1.0 if entity.score is None else entity.score
    kind = f"<b>{shown(entity.type)}</b>" if entity.type else ""
    shade = min(SHADES - 1, int(score * SHADES))
    return f'<mark class="{colour} p{shade}" title="{score:.2f}">{_text(entity.text)}{kind}</mark>'


def _text(text: str) -> str:
    """Escape a piece of text. Its line ends and tabs stay."""
    return str(shown(text, kept="\n\r\t"))


def _resource(name: str) -> str:
    return (files("bilstm_nlp.tasks.tagging") / "web" / name).read_text(encoding="utf-8")
