"""Column files: any bytes give sentences or a refusal, and what is written is read again."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import checked, read, sentences_of
from bilstm_nlp.data.text.output import TaggedSentence, writer
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, line_of
from bilstm_nlp.tags import SCHEMES
from tests.fuzz.files import files, packed, result_or_refusal

CONLL = "-DOCSTART- -X- O O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n\n-DOCSTART- -X- O O\n\nPeter NNP I-NP I-PER\n"
NAMED = "word tag\n# a comment\n北\tB-X\r\n京\tI-X\r\n\n. O\n"
PIECES = [
    b"EU",
    b"O",
    b"B-X",
    b"I-ORG",
    b" ",
    b"\t",
    b"\n",
    b"\n\n",
    b"-DOCSTART-",
    b"# ",
    b"word tag\n",
    b"xn--0",
    b"xn--a-\xff",
]
CONTENTS = files([CONLL.encode(), NAMED.encode(), "\ufeff".encode() + CONLL.replace("\n", "\r\n").encode()], PIECES)
ENCODINGS = ["utf-8", "utf-8", "latin-1", "gb18030", "utf-8-sig", "utf-7", "utf-16", "cp1252", "shift_jis", "idna"]
ENCODINGS += ["punycode", "unicode_escape", "raw_unicode_escape", "charmap", "undefined", "rot13", "", "\0"]
FORMATS = st.builds(
    ColumnFormat,
    token=st.sampled_from([0, 0, 1, -1, 10**20, -(10**20), "EU", "word", ""]),
    tag=st.sampled_from([-1, -1, 0, 2, 10**20, "O", "tag", "\u2028", None]),
    comment=st.sampled_from([None, "#", "\n", "EU"]),
    encoding=st.sampled_from(ENCODINGS),
    header=st.booleans(),
    on_empty_token=st.sampled_from(["error", "skip"]),
)


@given(CONTENTS, FORMATS)
def test_any_bytes_are_a_corpus_or_refused(folder, content, format):
    path = folder / "x.conll"
    path.write_bytes(content)
    corpus = result_or_refusal(lambda: read(str(path), format))
    for sentence in corpus.sentences if corpus else ():
        assert sentence.tokens
        assert sentence.tags is None or len(sentence.tags) == len(sentence.tokens)
        assert all(token == token.strip(" ") and token.encode() for token in sentence.tokens)
        assert [line_of(sentence, index) for index in range(len(sentence.tokens))] == sorted(set(sentence.lines))
    if corpus and format.tag is not None:
        for scheme in SCHEMES:
            for on_invalid in ("error", "repair"):
                result_or_refusal(lambda scheme=scheme, todo=on_invalid: checked(corpus, scheme, todo))


@given(packed(CONTENTS), FORMATS, st.sampled_from(["text", "conll"]))
def test_any_stream_is_sentences_or_refused(folder, content, format, reads):
    path = folder / "x.gz"
    path.write_bytes(content)
    sentences = result_or_refusal(lambda: list(sentences_of(str(path), reads, format.without_tags())))
    for sentence in sentences or ():
        assert "".join(sentence.tokens).encode() or sentence.text is not None or sentence.document_start is not None
        assert sentence.offsets is None or tuple(sentence.text[a:b] for a, b in sentence.offsets) == sentence.tokens


TOKEN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" \t\n\r"), min_size=1, max_size=4)
TAG = st.sampled_from(["O", "B-X", "I-X", "E-Y-Z"])
SENTENCES = st.lists(st.lists(st.tuples(TOKEN, TAG), min_size=1, max_size=4), min_size=1, max_size=4)


@given(SENTENCES, st.booleans())
def test_written_columns_are_read_again(folder, content, packs):
    """In the stream and as a corpus, gzip or not, with the predicted tag in the column after those of the rows."""
    if content[0][0][0].startswith("\ufeff"):
        return  # a byte order mark, as far as anybody can tell
    texts = [
        TaggedSentence(Sentence(tuple(t for t, _ in pairs), None, 1), "", tuple(tag for _, tag in pairs), ())
        for pairs in content
        if pairs[0][0] != "-DOCSTART-"
    ]
    text = "".join(writer("conll")(number, tagged) for number, tagged in enumerate(texts, 1))
    path = folder / ("y.conll.gz" if packs else "y.conll")
    path.write_bytes(packed_bytes(text) if packs else text.encode())
    if not texts:
        return
    got = read(str(path), ColumnFormat()).sentences
    assert [(s.tokens, s.tags) for s in got] == [(tagged.sentence.tokens, tagged.tags) for tagged in texts]
    streamed = list(sentences_of(str(path), "conll", ColumnFormat().without_tags()))
    again = "".join(
        writer("conll")(number, TaggedSentence(sentence, "", tagged.tags, ()))
        for number, (sentence, tagged) in enumerate(zip(streamed, texts, strict=True), 1)
    )
    path.write_bytes(packed_bytes(again) if packs else again.encode())
    got = read(str(path), ColumnFormat(tag=-2)).sentences
    assert [(s.tokens, s.tags) for s in got] == [(tagged.sentence.tokens, tagged.tags) for tagged in texts]


def packed_bytes(text: str) -> bytes:
    return gzip.compress(text.encode(), 1)
