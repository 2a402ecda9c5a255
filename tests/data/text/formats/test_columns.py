from __future__ import annotations

import re
import string
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.column_layout import fields_of
from bilstm_nlp.data.text.formats.column_shape import JUDGED
from bilstm_nlp.data.text.formats.columns import read_columns
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence, line_of, read
from bilstm_nlp.data.text.output import TaggedSentence, writer
from bilstm_nlp.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("columns")


def sentences(folder, content: str | bytes, **settings) -> list[Sentence]:
    path = folder / "x.conll"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_columns(str(path), ColumnFormat(**settings)))


def complaint(folder, content: str | bytes, **settings) -> str:
    with pytest.raises(DataError) as error:
        sentences(folder, content, **settings)
    return str(error.value).removeprefix(str(folder))


def token_lines(sentence: Sentence) -> list[int]:
    return [line_of(sentence, index) for index in range(len(sentence.tokens))]


CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n-DOCSTART- -X- O O\n\nPeter NNP I-NP I-PER\n\n"


def test_conll2003(folder):
    first, second = sentences(folder, CONLL)
    assert (first.tokens, first.tags, first.line, first.document) == (("EU", "rejects"), ("I-ORG", "O"), 3, 1)
    assert (second.tokens, second.tags, second.line, second.document) == (("Peter",), ("I-PER",), 8, 2)
    assert first.document_start == second.document_start == "-DOCSTART- -X- O O"
    assert token_lines(first) == [3, 4]


def plain(sentences: list[Sentence]) -> list[tuple]:
    return [(s.tokens, s.tags, s.line, s.document, s.document_start, token_lines(s)) for s in sentences]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n \t\n",
        lambda text: text.replace("EU NNP", "  EU   NNP").replace("VBZ I-VP O", "VBZ\t\tI-VP  O \t"),
        lambda text: text.replace("-DOCSTART- -X- O O", "-DOCSTART- -X- O O").replace("\n\nEU", "\n \nEU"),
    ],
    ids=["crlf", "bom", "no-final-newline", "blank-lines-at-the-end", "any-separator", "blank-line-of-blanks"],
)
def test_files_that_mean_the_same(folder, change):
    assert plain(sentences(folder, change(CONLL))) == plain(sentences(folder, CONLL))


def test_boundaries_without_blank_lines_around_them(folder):
    first, second = sentences(folder, "a O\n-DOCSTART- O\nb O\n")
    assert (first.tokens, first.document, first.document_start) == (("a",), 0, None)
    assert (second.tokens, second.document, second.document_start, second.line) == (("b",), 1, "-DOCSTART- O", 3)


def test_boundaries_in_a_row_and_at_the_end(folder):
    first, last = sentences(folder, "-DOCSTART- 1\n\n-DOCSTART- 2\na O\n\n-DOCSTART- 3\n\n-DOCSTART- 4\n")
    assert (first.document, first.document_start) == (2, "-DOCSTART- 1\n\n-DOCSTART- 2")
    assert (last.tokens, last.document, last.document_start) == ((), 4, "-DOCSTART- 3\n\n-DOCSTART- 4")


def test_only_a_whole_word_is_a_boundary(folder):
    (sentence,) = sentences(folder, "-DOCSTART-s O\n")
    assert sentence.tokens == ("-DOCSTART-s",)


def test_comments_only_where_configured(folder):
    content = "# one\nEU B-ORG\n#x O\n# two words\nrejects O\n\n# three\n\nIt O\n"
    first, second = sentences(folder, content, comment="# ")
    assert (first.tokens, token_lines(first)) == (("EU", "#x", "rejects"), [2, 3, 5])
    assert (second.tokens, second.line, token_lines(second)) == (("It",), 9, [9])
    assert sentences(folder, "# O\n")[0].tokens == ("#",)


@pytest.mark.parametrize(
    ("settings", "tokens", "tags"),
    [
        ({}, ("1", "2"), ("O", "B-X")),
        ({"token": 1}, ("a", "b"), ("O", "B-X")),
        ({"token": -3, "tag": 2}, ("a", "b"), ("N", "V")),
        ({"token": 1, "tag": None}, ("a", "b"), None),
    ],
)
def test_columns_are_chosen_by_number(folder, settings, tokens, tags):
    (sentence,) = sentences(folder, "1 a N O\n2 b V B-X\n", **settings)
    assert (sentence.tokens, sentence.tags) == (tokens, tags)


def test_columns_are_chosen_by_name(folder):
    content = "# about\n\nid word ner\n1 a O\n2 b B-X\n"
    (sentence,) = sentences(folder, content, token="word", tag="ner", comment="#")
    assert (sentence.tokens, sentence.tags, token_lines(sentence)) == (("a", "b"), ("O", "B-X"), [4, 5])
    (mixed,) = sentences(folder, "id word ner\n1 a O\n", token=1, tag="ner")
    assert (mixed.tokens, mixed.tags) == (("a",), ("O",))


def test_the_header_stays_one_when_tags_are_not_needed(folder):
    settings = ColumnFormat(0, "ner").without_tags()
    (folder / "x.conll").write_text("word ner\na O\n")
    (sentence,) = read_columns(str(folder / "x.conll"), settings)
    assert (sentence.tokens, sentence.tags) == (("a",), None)


def test_a_stream_keeps_the_header_with_its_first_sentence(folder):
    (folder / "x.conll").write_text("word ner\n-DOCSTART- O\n\na O\n\nb O\n")
    streamed = read_columns(str(folder / "x.conll"), ColumnFormat("word", "ner"), keep_rows=True)
    assert [(sentence.tokens, sentence.header) for sentence in streamed] == [(("a",), "word ner"), (("b",), None)]


@pytest.mark.parametrize("text", ["word tag\na O\n", "id\tToken\tPOS\tNER\n1\ta\tDT\tO\n"])
def test_a_header_is_no_token_where_tags_are_not_needed(folder, text):
    (folder / "x.conll").write_text(text)
    with pytest.raises(DataError, match=r"x\.conll:1: expected a token and its tag, found a header line"):
        list(read_columns(str(folder / "x.conll"), ColumnFormat(tag=None)))


def test_unicode_blanks_are_tokens(folder):
    odd = ["\u00a0", "\u3000", "\u2028", "\x0b", "\u0085", "\ufeff", "a\u00a0b"]
    (sentence,) = sentences(folder, "x O\n" + "".join(f"{token} O\n" for token in odd))
    assert sentence.tokens == ("x", *odd)


def test_a_stream_keeps_rows(folder):
    path = folder / "x.conll"
    path.write_bytes(b"EU  NNP \r\nsays\tV\r\n")
    (sentence,) = read_columns(str(path), ColumnFormat(tag=None), keep_rows=True)
    assert sentence.rows == ("EU  NNP ", "says\tV")


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("a O\nO\n", {}, "/x.conll:2: expected 2 columns, as line 1 has, found 1: 'O'"),
        ("a N O\nb O\n", {}, "/x.conll:2: expected 3 columns, as line 1 has, found 2: 'b O'"),
        ("a O\n\nNew York O\n", {}, "/x.conll:3: expected 2 columns, as line 1 has, found 3: 'New York O'"),
        ("\n# c\na O\n# d e\nO\n", {"comment": "#"}, "/x.conll:5: expected 2 columns, as line 3 has, found 1: 'O'"),
        (
            "a\r\n",
            {},
            "/x.conll:1: expected a token in column 0 and its tag in column -1, found 1 column, so both are 'a'",
        ),
        ("-DOCSTART-\n\na O\n", {"tag": 3}, "/x.conll:3: expected at least 4 columns, for column 3, found 2: 'a O'"),
        ("a O\n", {"token": -3}, "/x.conll:1: expected at least 3 columns, for column -3, found 2: 'a O'"),
        (
            "word tag\n",
            {"tag": "ner"},
            "/x.conll:1: expected one column named 'ner' in the header line, found none in 'word tag'",
        ),
        ("w t t\n", {"tag": "t"}, "/x.conll:1: expected one column named 't' in the header line, found 2 in 'w t t'"),
        ("w t\na O\nb\n", {"token": "w", "tag": "t"}, "/x.conll:3: expected 2 columns, as line 1 has, found 1: 'b'"),
        (
            b"a O\n\xe4 O\n",
            {},
            "/x.conll:2: expected utf-8 text, found byte 0xe4 in \\xe4 O; data.encoding or --encoding names another",
        ),
    ],
)
def test_malformed_lines_are_named(folder, content, settings, message):
    assert complaint(folder, content, **settings) == message


def test_sentences_before_a_bad_line_are_yielded(folder):
    (folder / "x.conll").write_text("a O\n\nb O\n\nc\n")
    stream, got = read_columns(str(folder / "x.conll"), ColumnFormat()), []
    with pytest.raises(DataError, match=":5: "):
        got.extend(stream)
    assert [sentence.tokens for sentence in got] == [("a",), ("b",)]


def test_every_bad_line_can_be_complained_of(folder):
    (folder / "x.conll").write_bytes(b"a O\nb\n\xff O\nc O\n\nd O O\ne O\n")
    complaints: list[DataError] = []
    first, second = read_columns(str(folder / "x.conll"), ColumnFormat(), complaints.append)
    assert [error.line for error in complaints] == [2, 3, 6]
    assert (token_lines(first), token_lines(second)) == ([1, 4], [7])


ROWS = ["EU X O", "EU  X O", " EU X O", "EU X O ", "EU\tX\tO", "EU\tX X\tO", "EU\t\tO", "EU\tX\t O", "EU X", "EU X O O"]
ROWS += ["", " ", "-DOCSTART- X O", "\u00a0 X O", "\udcff X O", "EU X O\r", "EU X O\rin X O"]
"""Bytes that are no UTF-8 stand as surrogates."""


@settings(max_examples=20)
@given(st.lists(st.sampled_from([*ROWS, "EU X O", "EU\tX\tO", ""])), st.sampled_from([" ", "\t"]))
def test_plain_rows_are_read_as_single_lines_are(folder, rows, separator):
    """Comments have single lines read. Before the rows stand as many as the columns are judged by."""
    content = "\n".join([*[separator.join(["EU", "X", "B-X"])] * JUDGED, "", *rows, ""])
    (folder / "x.conll").write_bytes(content.encode(errors="surrogateescape"))
    results = []
    for comment, tag in product([None, "no line begins so"], [-1, None]):
        complaints: list[DataError] = []
        remarks: list[Remark] = []
        got = list(
            read_columns(
                str(folder / "x.conll"),
                ColumnFormat(comment=comment, tag=tag),
                complaints.append,
                remarks.append,
                keep_rows=tag is None,
            )
        )
        results.append((got, list(map(str, complaints)), remarks))
    assert results[:2] == results[2:]


PIECES = [b"EU", b"O", b"B-X", b" ", b"\t", b"\n", b"\n\n", b"\r\n", b"-DOCSTART-", b"#", b"\xff", b"\xef\xbb\xbf"]
LIKE_FILES = st.lists(st.sampled_from(PIECES)).map(b"".join)
SETTINGS = st.builds(
    ColumnFormat,
    token=st.sampled_from([0, 1, -1, "EU"]),
    tag=st.sampled_from([-1, 0, 2, "O", None]),
    comment=st.sampled_from([None, "#"]),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)


@given(st.binary() | LIKE_FILES, SETTINGS)
def test_any_bytes_give_sentences_or_a_data_error(folder, content, settings):
    (folder / "x.conll").write_bytes(content)
    try:
        corpus = read(str(folder / "x.conll"), settings)
    except DataError:
        return
    for sentence in corpus.sentences:
        assert sentence.tokens
        assert sentence.tags is None or len(sentence.tags) == len(sentence.tokens)
        assert all(token == token.strip(" ") and "\t" not in token for token in sentence.tokens)
        # Every token stands on its line, told apart from the reader.
        lines = re.split("\r\n|\r|\n", content.decode(settings.encoding))
        for index, token in enumerate(sentence.tokens):
            assert token in lines[line_of(sentence, index) - 1]


TOKEN = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters=" \t\n\r"), min_size=1, max_size=4)
TAG = st.sampled_from(["O", "B-X", "I-X"])
WRITTEN = st.lists(
    st.tuples(st.lists(st.tuples(TOKEN, TAG), min_size=1, max_size=4), st.integers(0, 2)), min_size=1, max_size=4
)


@given(WRITTEN, st.integers(0, 2))
def test_written_columns_are_read_again(folder, content, boundaries_at_the_end):
    """Tokens, tags and document boundaries, also those without sentences."""

    def boundaries(count):
        return "\n\n".join(["-DOCSTART- -X-"] * count) if count else None

    def tagged(pairs, count):
        tokens, tags = tuple(token for token, _ in pairs), tuple(tag for _, tag in pairs)
        return TaggedSentence(Sentence(tokens, None, 1, document_start=boundaries(count)), "", tags, ())

    everything = [tagged(pairs, count) for pairs, count in content]
    if boundaries_at_the_end:
        everything.append(tagged([], boundaries_at_the_end))
    if everything[0].sentence.tokens[0][0] == "\ufeff" and not everything[0].sentence.document_start:
        return  # a byte order mark, as far as anybody can tell
    text = "".join(writer("conll")(number, written) for number, written in enumerate(everything, 1))
    got = sentences(folder, text)
    assert [(s.tokens, s.tags or (), s.document_start) for s in got] == [
        (written.sentence.tokens, written.tags, written.sentence.document_start) for written in everything
    ]
    # And the stream of what was written, its tags left alone, is written as the same rows again.
    streamed = list(read_columns(str(folder / "x.conll"), ColumnFormat(tag=None), keep_rows=True))
    assert [row for s in streamed for row in s.rows] == [
        f"{token} {tag}"
        for written in everything
        for token, tag in zip(written.sentence.tokens, written.tags, strict=True)
    ]


@given(st.text(string.printable, max_size=30))
def test_columns_are_what_stands_between_blanks_and_tabs(line):
    slow, word = [], ""
    for character in line + " ":
        if character in " \t":
            if word:
                slow.append(word)
            word = ""
        else:
            word += character
    assert fields_of(line) == slow


def noted(folder, content: str, **settings) -> tuple[list[Sentence], list[tuple[int | None, str, str]]]:
    (folder / "x.conll").write_text(content)
    remarks: list[Remark] = []
    got = list(read_columns(str(folder / "x.conll"), ColumnFormat(**settings), note=remarks.append))
    return got, [(remark.line, remark.kind, remark.message) for remark in remarks]


@pytest.mark.parametrize(
    ("content", "settings", "tokens", "tags"),
    [
        ("New York\tB-LOC\nis\tO\n", {}, ("New York", "is"), ("B-LOC", "O")),
        ("EU\t\tB-ORG\nsays\tV\tO\n", {}, ("EU", "says"), ("B-ORG", "O")),
        ("EU\t\tB-ORG\nsays\tV\tO\n", {"tag": 2}, ("EU", "says"), ("B-ORG", "O")),
        ("\tEU\tB-ORG\n1\tsays\tO\n", {"token": 1}, ("EU", "says"), ("B-ORG", "O")),
        ("EU\tB-ORG\nsays\tO\t\t\n", {}, ("EU", "says"), ("B-ORG", "O")),
        ("EU \t B-ORG\nsays\tO\n", {}, ("EU", "says"), ("B-ORG", "O")),
        ("a b\tB-Product Name\n", {}, ("a b",), ("B-Product Name",)),
        ("EU B-ORG\t\nsays O\n", {}, ("EU", "says"), ("B-ORG", "O")),
        ("EU B-ORG\nsays\tO\n", {}, ("EU", "says"), ("B-ORG", "O")),
        ("word type\tthe tag\nEU\tB-ORG\n", {"token": "word type", "tag": "the tag"}, ("EU",), ("B-ORG",)),
    ],
)
def test_tabs_of_the_first_row_alone_part_cells(folder, content, settings, tokens, tags):
    (sentence,) = sentences(folder, content, **settings)
    assert (sentence.tokens, sentence.tags) == (tokens, tags)


def test_rows_of_empty_cells_end_a_sentence(folder):
    first, second = sentences(folder, "EU\tB-ORG\n\t\nsays\tO\n \t \n")
    assert (first.tokens, second.tokens, second.line) == (("EU",), ("says",), 3)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_every_line_end_gives_the_same_lines(folder, end):
    first, second = sentences(folder, end.join(["EU B-ORG", "says O", "", "It O", ""]))
    assert (first.tokens, first.tags, token_lines(first)) == (("EU", "says"), ("B-ORG", "O"), [1, 2])
    assert (second.tokens, token_lines(second)) == (("It",), [4])


def test_lone_returns_among_line_feeds_end_lines(folder):
    first, second = sentences(folder, "EU B-ORG\rsays O\n\r\nIt O\n")
    assert (first.tokens, token_lines(first), second.tokens, token_lines(second)) == (
        ("EU", "says"),
        [1, 2],
        ("It",),
        [4],
    )


HASHES = "# id 1\n#EU B-ORG\n# O\n#two words here\nx O\n\n#Brexit O\nis O\n"


def test_comments_stand_before_sentences_only(folder):
    (first, second), remarks = noted(folder, HASHES, comment="#")
    assert (first.tokens, first.tags, token_lines(first)) == (("#EU", "#", "x"), ("B-ORG", "O", "O"), [2, 3, 5])
    assert (second.tokens, second.tags) == (("#Brexit", "is"), ("O", "O"))
    assert remarks == [(4, "comments amid a sentence", "#two words here")]


def test_tags_seen_before_tell_tokens_from_comments(folder):
    (_, second), remarks = noted(folder, "I PRP\n\n# NN\n#Brexit PRP\n", comment="#")
    assert (second.tokens, second.tags) == (("#Brexit",), ("PRP",))
    assert remarks == [(3, "comments with as many columns as the rows", "# NN")]


def test_single_columns_of_a_stream_keep_hashtags(folder):
    first, second = sentences(folder, "#Brexit\nis\n\n# id 2\n#now\n", comment="#", tag=None)
    assert (first.tokens, second.tokens) == (("#Brexit", "is"), ("#now",))


COMMENTED = (
    "# of the file\n-DOCSTART- O\n\n# id 1\nEU B-ORG\n# amid the sentence\nsays O\n\n# id 2\nIt O\n\n# the end\n"
)


def test_comments_are_written_again_where_they_stood(folder):
    (folder / "x.conll").write_text(COMMENTED)
    stream = read_columns(str(folder / "x.conll"), ColumnFormat(comment="#", tag=None), keep_rows=True)
    tagged = [TaggedSentence(sentence, "", ("O",) * len(sentence.tokens), ()) for sentence in stream]
    written = "".join(writer("conll")(number, sentence) for number, sentence in enumerate(tagged, 1))
    assert written == COMMENTED.replace("EU B-ORG", "EU B-ORG O").replace("s O", "s O O").replace("It O", "It O O")
    assert "".join(writer("text")(1, sentence) for sentence in tagged[2:]) == ""


@pytest.mark.parametrize("content", ["EU\tB-ORG\n\tO\nsays\tO\n", "EU B-ORG\n O\nsays O\n"])
def test_empty_tokens_are_skipped_and_counted_or_refused(folder, content):
    (sentence,), remarks = noted(folder, content, on_empty_token="skip")
    assert (sentence.tokens, sentence.tags, token_lines(sentence)) == (("EU", "says"), ("B-ORG", "O"), [1, 3])
    assert remarks == [(2, "empty tokens, skipped", content.split("\n")[1])]
    row = content.split("\n")[1]
    expected = f'/x.conll:2: expected a token, or data.on_empty_token = "skip", found none in column 0: {row!r}'
    assert complaint(folder, content) == expected


def test_document_starts_stand_in_the_column_of_the_token(folder):
    content = "1 -DOCSTART- O\n\n1 EU B-ORG\n\n1 -DOCSTART- O\n\n1 It O\n"
    first, second = sentences(folder, content, token=1)
    assert (first.tokens, first.document, second.tokens, second.document) == (("EU",), 1, ("It",), 2)
    tabs = "-DOCSTART- -X- O\nEU\t-X-\tB-ORG\n\n-DOCSTART- -X- O\nIt\t_\tO\n"
    assert [(s.tokens, s.document) for s in sentences(folder, tabs)] == [(("EU",), 1), (("It",), 2)]


NUMBERED_ROWS = "1 EU B-ORG\n2 says O\n\n1 It O\n2 is O\n3 so O\n\n1 a O\n2 b O\n3 c O\n"


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("a O\n\n# id\tb c\n", {}, "found 4: '# id\\tb c'; if it is a comment, set data.comment = \"#\""),
        ("% x y\na O\n", {}, "found 2: 'a O'; if it is a comment, set data.comment = \"%\""),
        ("a,O\n", {}, "so both are 'a,O'; commas part its cells, where tabs or blanks should"),
        (
            NUMBERED_ROWS,
            {},
            ":1: expected tokens in column 0, found the numbers of the rows; data.token_column = 1 names",
        ),
        (
            "".join(f"{n}\tx{n}\tO\n{chr(10) if n % 3 == 0 else ''}" for n in range(9)),
            {},
            "found the numbers of the rows; data.token_column = 1",
        ),
        (
            "O a\n" * 9,
            {},
            "expected tokens in column 0, found tags; data.token_column = 1 and data.tag_column = 0 exchange them",
        ),
        ("1 -DOCSTART- O\n\n1 a O\n", {}, ":1: expected -DOCSTART- in column 0, found it in column 1"),
        ("a O\n\n1 -DOCSTART-\n", {}, ":3: expected -DOCSTART- in column 0, found it in column 1"),
        ("word tag\na O\n", {}, "found a header line, 'word tag'; data.token_column = \"word\" and data.tag_column"),
        ("Sentence\tTag\na\tO\n", {}, "a header line, 'Sentence Tag'; data.token_column = \"Sentence\" and data.tag"),
        (
            "id token ner\n1 a O\n",
            {},
            "a header line, 'id token ner'; data.token_column = \"token\" and data.tag_column",
        ),
        ("a\tO\t\nb\tO\t\n", {}, "a tag in column 2, found none: 'a\\tO\\t'; data.tag_column = 1 names"),
        ("a O\n\n# id\nb O\n", {}, ":3: expected a token and its tag, found '# id'; data.comment = \"#\" says"),
        ("a\tb\tO\nb O\n", {}, "expected 3 columns parted by tabs, as line 1 has, found 1: 'b O'"),
    ],
)
def test_messages_name_the_setting_that_helps(folder, content, settings, message):
    assert message in complaint(folder, content, **settings)


def test_a_tag_column_without_tags_is_noted(folder):
    _, remarks = noted(folder, "EU B-ORG NNP\nsays O VBZ\n")
    assert remarks == [
        (1, "column 2 is read as tags, and has none of a scheme", "column 1 looks like tags: data.tag_column = 1")
    ]


def test_a_tag_column_without_entities_is_noted(folder):
    _, remarks = noted(folder, "EU B-ORG O\nsays O O\n")
    assert remarks == [
        (1, "column 2 is read as tags, and has none but O", "column 1 looks like tags: data.tag_column = 1")
    ]
    assert noted(folder, "EU NNP O\nsays VBZ O\n")[1] == []


@pytest.mark.parametrize("content", ["1 O\n2 O\n\n1 B-X\n", "".join(f"{n} O\n" for n in (4, 9, 1, 7, 7, 2, 3, 8, 1))])
def test_numbers_may_be_tokens(folder, content):
    assert sentences(folder, content)[0].tokens[0] == content[0]
