"""The page of wrong entities: all content of a corpus is shown as text, and each mistake once, in order.

The test in a browser needs Debian's `chromium` on PATH and the Python package `playwright`, which drives it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import random
import re
import unicodedata
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.entities import NOVELTY_GROUPS
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging.errors import KINDS, AssessedEntity, WrongEntity, mistakes
from bilstm_nlp.tasks.tagging.errors_page import OTHER_TYPE, TOKENS_SHOWN, facts, page, probability, window, write

HOSTILE = (
    "<script>window.harmed=1</script>",
    "</td></tr></table><img src=x onerror='window.harmed=1'>",
    "]]>",
    "<!--",
    "&lt;b&amp;",
    "$script ${rows}",
    "\"'`\\",
    "\u202eabc\u202c",
    "\u2066x",
    "\ud800",
    "a\x00b\x1b[31m",
    "\u2028",
)
VOID = {"meta", "br", "input"}


class Parts(HTMLParser):
    """A page, parsed strictly: every opened element must be closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict]] = []
        self.elements: list[tuple[str, dict]] = []
        self.tables: list[list[list[list[tuple[str, str]]]]] = []
        """Tables of rows of cells of (enclosing classes, text)."""
        self.rows: list[dict] = []
        """Attributes of the rows with mistakes."""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
            self.rows += [attributes] if "data-kind" in attributes else []
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append([])

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if any(tag in {"td", "th"} for tag, _ in self.open):
            classes = " ".join(attributes.get("class", "") for _, attributes in self.open)
            self.tables[-1][-1][-1].append((classes, data))


def text_of(cell) -> str:
    return "".join(text for _, text in cell)


def marked(cell, name: str) -> str:
    """Return the text that has the class `name`."""
    return "".join(text for classes, text in cell if name in classes.split())


def coded(text: str) -> str:
    """Replace invisible characters, except joiners, by their codes."""
    return "".join(f"U+{ord(character):04X}" if invisible(character) else character for character in text)


def invisible(character: str) -> bool:
    named = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return named and character not in "\u200c\u200d"


def assessed(span: Span | None, probability: float, novelty: str = "unseen", others: tuple[str, ...] = ()):
    return span and AssessedEntity(span, probability, novelty, others)


def wrong_of(sentence: Sentence, gold: list[Span], predicted: list[Span], probabilities=0.5) -> list[WrongEntity]:
    return [
        WrongEntity(
            mistake.kind,
            sentence,
            assessed(mistake.gold, probabilities),
            assessed(mistake.predicted, probabilities),
            mistake.overlapped,
            probabilities,
        )
        for mistake in mistakes(gold, predicted)
    ]


TYPES = ("PER", "LOC", *HOSTILE)
TEXT = st.one_of(st.text(alphabet=st.characters(), min_size=1, max_size=8), st.sampled_from(HOSTILE))
TAG = st.one_of(st.just("O"), st.builds("{}-{}".format, st.sampled_from("BI"), st.sampled_from(TYPES)))


@st.composite
def lists_of_wrong(draw) -> list[WrongEntity]:
    wrong = []
    for number in range(draw(st.integers(0, 3))):
        tokens = draw(st.lists(TEXT, min_size=1, max_size=6))
        sides = [spans(draw(st.lists(TAG, min_size=len(tokens), max_size=len(tokens))), "IOB2") for _ in range(2)]
        wrong += wrong_of(Sentence(tuple(tokens), None, number + 1), *sides, draw(st.floats(0, 1)))
    return wrong


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(lists_of_wrong(), TEXT)
def test_all_content_of_a_corpus_is_text(wrong, source):
    text = page(source, wrong)
    parts = Parts(text)
    rows = parts.tables[2][1:]
    assert len(rows) == len(parts.rows) == len(wrong)
    assert not [character for character in text if invisible(character) and character != "\n"]
    names = Counter(tag for tag, _ in parts.elements)
    assert (names["script"], names["style"], names["table"], names["img"]) == (1, 1, 3, 0)
    for number, (mistake, cells) in enumerate(zip(wrong, rows, strict=True), 1):
        rank, sure, kind, gold, predicted, sentence, line, _ = cells
        assert (text_of(rank), text_of(kind), text_of(line)) == (str(number), mistake.kind, str(mistake.line))
        assert text_of(sure) == unescape(probability(mistake.confidence))
        tokens = mistake.sentence.tokens
        blank = "" if all(len(token) == 1 for token in tokens) else " "
        for name, cell, side in (("gold", gold, mistake.gold), ("predicted", predicted, mistake.predicted)):
            if side is not None:
                chance = f" P = {probability_of(side)}" if name == "gold" else ""
                assert text_of(cell) == coded(side.span.type) + chance
                assert marked(sentence, name) == blank.join(map(coded, tokens[side.span.start : side.span.end]))
                assert f"{name} {coded(side.span.type)}" == marked(sentence, f"{name}-name")
        unmarked = "".join(text for classes, text in sentence if "name" not in classes.split())
        assert re.sub(" ", "", unmarked) == re.sub(" ", "", "".join(map(coded, tokens)))


def probability_of(side: AssessedEntity) -> str:
    return unescape(probability(side.probability))


def example(count: int = 40) -> list[WrongEntity]:
    """Make mistakes of all kinds, with falling confidence."""
    generator = random.Random(1)
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG"]
    wrong: list[WrongEntity] = []
    number = 0
    while len(wrong) < count:
        number += 1
        sides = [spans(generator.choices(tags, k=6), "IOB2") for _ in range(2)]
        sentence = Sentence(tuple(f"w{number}.{index}" for index in range(6)), None, 10 * number)
        for mistake in mistakes(*sides):
            novelty = generator.choice(NOVELTY_GROUPS)
            others = {"seen": generator.choice([(), ("LOC",)]), "unseen": ()}.get(novelty, ("MISC", "ORG"))
            right, answer = (
                assessed(span, generator.random(), novelty, others) for span in (mistake.gold, mistake.predicted)
            )
            wrong.append(WrongEntity(mistake.kind, sentence, right, answer, mistake.overlapped, generator.random()))
    return sorted(wrong, key=lambda mistake: -mistake.confidence)


def test_tables_count_every_mistake():
    wrong = example()
    by_type, by_novelty, _ = Parts(page("corpus", wrong)).tables
    for table, columns, columns_of in (
        (by_type, ["LOC", "ORG", "PER"], lambda mistake: [mistake.entity.span.type]),
        (
            by_novelty,
            [*NOVELTY_GROUPS, OTHER_TYPE],
            lambda mistake: [mistake.entity.novelty] + [OTHER_TYPE] * bool(mistake.entity.other_types),
        ),
    ):
        assert [text_of(cell) for cell in table[0]] == ["", *columns, "all"]
        for cells, kinds in zip(table[1:], [*((kind,) for kind in KINDS), KINDS], strict=True):
            counted = Counter(column for mistake in wrong if mistake.kind in kinds for column in columns_of(mistake))
            total = sum(mistake.kind in kinds for mistake in wrong)
            assert total > 0
            name = kinds[0] if len(kinds) == 1 else "all"
            assert [text_of(cell) for cell in cells] == [
                name,
                *(str(counted[mistake]) for mistake in columns),
                str(total),
            ]


def test_training_knowledge_is_shown_for_each_side():
    sentence = Sentence(("a", "b"), None, 1)
    gold, predicted = Span("PER", 0, 2), Span("LOC", 0, 1)

    def said(right, answer) -> str:
        mistake = WrongEntity("wrong boundary", sentence, right, answer, None, 0.5)
        return text_of(Parts(page("corpus", [mistake])).tables[2][1][-1])

    unseen = assessed(predicted, 0.5)
    assert said(assessed(gold, 0.5, "seen"), None) == "seen"
    assert said(assessed(gold, 0.5), unseen) == "unseen"
    assert said(assessed(gold, 0.5, "seen", ("LOC", "ORG")), unseen) == "gold seen, also as LOC, ORGpredicted unseen"
    assert said(None, assessed(predicted, 0.5, "seen as another type", ("PER",))) == "seen as PER only"


def test_an_entity_without_partner_shows_what_it_overlaps():
    sentence = Sentence(tuple("abcd"), None, 1)
    whole, first, last = Span("PER", 0, 4), Span("PER", 0, 1), Span("ORG", 2, 4)
    rows = Parts(page("corpus", wrong_of(sentence, [whole], [first, last]))).tables[2][1:]
    gold, predicted, text = rows[1][3:6]
    assert text_of(gold) == "overlaps PER, see its own row"
    assert text_of(predicted).startswith("ORG")
    assert (marked(text, "gold"), marked(text, "predicted")) == ("abcd", "cd")


def test_windows_center_the_entity():
    for length in (1, 59, 60, 61, 62, 75, 130):
        for start in range(length):
            for end in {start + 1, start + 2, start + 7, length - 1, length} - set(range(start + 1)):
                if end > length:
                    continue
                first, last = window(length, start, end)
                assert 0 <= first <= start < end <= last <= length
                assert last - first == min(length, max(60, end - start))
                before, after = start - first, last - end
                assert abs(before - after) <= 1 or first == 0 or last == length


def test_long_sentences_are_shown_in_part():
    tokens = tuple(f"t{index}" for index in range(200))
    for start, left, right in ((0, False, True), (100, True, True), (199, True, False)):
        (mistake,) = wrong_of(Sentence(tokens, None, 1), [Span("PER", start, start + 1)], [])
        text = text_of(Parts(page("corpus", [mistake])).tables[2][1][5])
        assert (text.startswith("… "), text.endswith(" …")) == (left, right)
        assert len(re.findall(r"\bt\d+", text)) == TOKENS_SHOWN
        assert f" t{start} gold PER" in f" {text}"
    (mistake,) = wrong_of(Sentence(tokens[:60], None, 1), [Span("PER", 0, 1)], [])
    assert "…" not in text_of(Parts(page("corpus", [mistake])).tables[2][1][5])


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.0, "1.00"), (1 - 1e-9, ">0.99"), (0.994, "0.99"), (0.5, "0.50"), (1e-9, "<0.01"), (0.0, "0.00")],
)
def test_only_certainty_is_shown_as_certain(value, said):
    assert unescape(probability(value)) == said


def test_the_policy_allows_only_the_own_style_and_script():
    text = page("corpus", example())
    assert not re.search(r"""\w+://|\b(src|href)\s*=|url\(|@import|\bfetch\(|XMLHttpRequest|import\(""", text)
    (allowed,) = [attributes["content"] for tag, attributes in Parts(text).elements if attributes.get("http-equiv")]
    for tag, name in (("style", "errors.css"), ("script", "errors.js")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content.endswith((files("bilstm_nlp.tasks.tagging") / "web" / name).read_text(encoding="utf-8"))
        hashed = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{hashed}'" in allowed
    assert allowed.startswith("default-src 'none'")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(", text)


def test_an_unwritable_file_is_named(tmp_path):
    for path, problem in ((tmp_path, "what is none"), (tmp_path / "none" / "errors.html", "No such file or directory")):
        with pytest.raises(InputError, match=f"^{re.escape(str(path))}: expected a file .*, found {problem}$"):
            write(path, "corpus", [])
    assert list(tmp_path.parent.glob("*.partial")) == list(tmp_path.iterdir()) == []
    write(tmp_path / "errors.html", "corpus", [])
    assert "0 wrong entities in 0 sentences" in (tmp_path / "errors.html").read_text(encoding="utf-8")


def test_the_head_has_facts_and_links_to_runs(tmp_path):
    assert facts(0.87654, 1234, 56)[:3] == [("F1", "87.65 %"), ("gold entities", "1,234"), ("sentences", "56")]
    assert facts(None, 0, 1)[0] == ("F1", "undefined")
    (tmp_path / "pages").mkdir()
    path = tmp_path / "pages" / "errors.html"
    write(path, "corpus", [], facts=[("F1", "87.65 %")], runs=[tmp_path / "my run#1"])
    parts = Parts(path.read_text(encoding="utf-8"))
    assert [attributes for tag, attributes in parts.elements if tag == "a"] == [{"href": "../my%20run%231/report.md"}]
    assert "<dt>F1</dt><dd>87.65 %</dd>" in path.read_text(encoding="utf-8")


def test_types_differ_by_colour():
    sentence = Sentence(("a", "b"), None, 1)
    wrong = wrong_of(sentence, [Span("PER", 0, 1), Span("LOC", 1, 2)], [Span("ORG", 0, 1)])
    chips = [
        attributes["class"] for tag, attributes in Parts(page("corpus", wrong)).elements if tag == "b" and attributes
    ]
    assert sorted(set(chips)) == ["type k0", "type k1", "type k2"]


def test_the_bar_is_as_long_as_the_model_was_sure():
    wrong = example(5)
    bars = [float(attributes["width"]) for tag, attributes in Parts(page("corpus", wrong)).elements if tag == "rect"]
    assert bars == pytest.approx([60 * mistake.confidence for mistake in wrong], abs=0.05)


def shown_in(browser, path):
    """Open a page in a context that may write to the clipboard."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    opened = context.new_page()
    opened.goto(path.as_uri())
    return opened


def test_rows_are_shown_page_by_page_in_a_browser(browser, tmp_path):
    write(tmp_path / "errors.html", "corpus", example(250))
    opened = shown_in(browser, tmp_path / "errors.html")
    counts = []
    while not counts or opened.locator("#more").is_visible():
        if counts:
            opened.locator("#more").click()
        counts.append(opened.locator("#errors tbody tr:visible").count())
    assert counts == [100, 200, opened.locator("#errors tbody tr").count()]
    opened.locator("#errors tbody tr").nth(120).scroll_into_view_if_needed()
    head = opened.locator("#errors thead th").first.bounding_box()
    assert head["y"] == pytest.approx(0, abs=1)
    opened.context.close()


def test_rows_are_saved_and_places_copied_in_a_browser(browser, tmp_path):
    wrong = [mistake for mistake in example() if mistake.kind == "missed"]
    sentence = Sentence(('=1+1"', "x"), None, 7)
    wrong += wrong_of(sentence, [Span("PER", 0, 1)], [])
    write(tmp_path / "errors.html", "my corpus.conll", [*wrong, *example(3)])
    opened = shown_in(browser, tmp_path / "errors.html")
    opened.select_option("#kind", "missed")
    with opened.expect_download() as download:
        opened.locator("#save").click()
    assert download.value.suggested_filename == "errors.csv"
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header[:3] == ["#", "How sure", "Kind"]
    assert [row[2] for row in rows] == ["missed"] * opened.locator("#errors tbody tr:visible").count()
    assert [int(row[6]) for row in rows[: len(wrong)]] == [mistake.line for mistake in wrong]
    assert rows[len(wrong) - 1][5] == "'=1+1\" gold PER x"
    opened.locator("#errors tbody tr:visible .copy").first.click()
    opened.locator(".copy.done").wait_for()
    assert opened.evaluate("navigator.clipboard.readText()") == f"my corpus.conll:{wrong[0].line}"
    opened.context.close()


def test_rows_are_chosen_and_counted_in_a_browser(browser, tmp_path):
    wrong = example()
    hostile = Sentence(HOSTILE, None, 1)
    gold, predicted = Span("PER", 0, 2), Span(HOSTILE[0] + HOSTILE[7], 0, len(HOSTILE))
    kind = "wrong boundary and type"
    wrong.append(WrongEntity(kind, hostile, assessed(gold, 0.1), assessed(predicted, 0.0), None, 0.0))
    path = tmp_path / "errors.html"
    write(path, HOSTILE[0], wrong)
    opened = browser.new_page()
    complaints = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: request.url == path.as_uri() or complaints.append(request.url))
    opened.goto(path.as_uri())

    def check(expected: list[WrongEntity]) -> None:
        ranks = [str(wrong.index(mistake) + 1) for mistake in expected]
        assert 0 < len(ranks) <= len(wrong)
        assert opened.locator("#errors tbody tr:visible th").all_text_contents() == ranks
        assert opened.inner_text("#count") == f"{len(ranks)} of {len(wrong)}"

    check(wrong)
    opened.select_option("#kind", "missed")
    check([mistake for mistake in wrong if mistake.kind == "missed"])
    opened.select_option("#types", "LOC")
    check([mistake for mistake in wrong if mistake.kind == "missed" and mistake.gold.span.type == "LOC"])
    opened.select_option("#kind", "")
    check(
        [
            mistake
            for mistake in wrong
            if "LOC" in [side.span.type for side in (mistake.gold, mistake.predicted) if side]
        ]
    )
    opened.select_option("#types", "")
    opened.select_option("#knowledge", OTHER_TYPE)
    check([mistake for mistake in wrong if mistake.entity.other_types])
    opened.select_option("#knowledge", "")
    opened.fill("#text", "W3.")
    check([mistake for mistake in wrong if mistake.line == 30])
    opened.fill("#text", "")
    opened.select_option("#types", label=coded(predicted.type))
    check(wrong[-1:])
    assert opened.evaluate("window.harmed") is None
    opened.close()
    assert complaints == []
