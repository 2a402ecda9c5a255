from __future__ import annotations

import json

import numpy as np

from bilstm_nlp.data.text.formats.corpus import ColumnFormat, read
from bilstm_nlp.data.text.vocabulary import Coverage
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.inspection import Complaint, as_json, is_wrong
from bilstm_nlp.tasks.tagging.inspection import CorpusInspection, inspect_corpora

TRAIN = """-DOCSTART- O

EU B-ORG
says O
it O

Ann B-PER
Lee I-PER

-DOCSTART- O

EU B-ORG
says O
it O
"""

ONCE = TRAIN[: TRAIN.rindex("EU")]


def inspected(tmp_path, settings: ColumnFormat | None = None, *, options=None, **contents: str) -> CorpusInspection:
    """Inspect corpora by name, written to files of these names."""
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    sources = {name: str(tmp_path / name) for name in contents}

    def reader(source, scheme, complain, note):
        return read(source, settings or ColumnFormat(), complain, note)

    options = {"sources": sources, **(options or {})}
    return inspect_corpora(options.pop("sources"), reader, **options)


def complaints(tmp_path, inspection: CorpusInspection) -> list[str]:
    return [str(complaint).replace(f"{tmp_path}/", "") for complaint in inspection.complaints]


def test_figures_count_sentences_tokens_and_entities(tmp_path):
    inspection = inspected(tmp_path, train=TRAIN, dev="a O\n")
    train, dev = inspection.corpora.values()
    assert (train.sentences, train.tokens, train.documents) == (3, 8, 2)
    assert train.entities == {"ORG": 2, "PER": 1}
    assert (train.longest, train.longest_line, train.coverage) == (3, 3, None)
    assert (dev.sentences, dev.documents, dev.entities) == (1, 0, {})
    assert inspection.scheme == train.scheme.scheme == "IOB2"
    assert "the only scheme" in train.scheme.explanation
    assert "any scheme would do" in dev.scheme.explanation


def test_small_corpora_are_read_in_the_training_corpus_scheme(tmp_path):
    inspection = inspected(tmp_path, train="a I-X\nb I-X\n\nc I-X\nd B-X\n", dev="a I-X\n\nb I-Y\n")
    assert inspection.scheme == "IOB1"
    assert complaints(tmp_path, inspection) == ["dev:3: Y is none of X"]


def test_the_config_decides_the_scheme(tmp_path):
    inspection = inspected(tmp_path, options={"file_scheme": "IOBES"}, train="a B-X\nb O\n")
    assert inspection.scheme == "IOBES"
    assert inspection.corpora["train"].scheme.scheme == "IOB2"
    assert complaints(tmp_path, inspection) == [
        "train:2: O follows B-X; in IOBES this entity must go on or end with E-X"
    ]


BROKEN = "# c\na B-X\nb I-X\n# c d\nc I-Y\n\nd I-X\n\ne B-X\n\nf B-Y\n"


def test_tags_that_break_the_scheme_are_wrong_unless_repaired(tmp_path):
    settings = ColumnFormat(comment="#")
    error = inspected(tmp_path, settings, options={"file_scheme": "IOB2"}, train=BROKEN)
    assert complaints(tmp_path, error) == [
        "train:4: # c d",
        "train:5: I-Y follows I-X; in IOB2 an entity begins with B-Y",
        "train:7: I-X begins a sentence; in IOB2 an entity begins with B-X",
    ]
    assert is_wrong(error)
    options = {"file_scheme": "IOB2", "on_invalid": "repair"}
    repair = inspected(tmp_path, settings, options=options, train=BROKEN)
    assert complaints(tmp_path, repair)[1:] == ["train:5: I-Y becomes B-Y", "train:7: I-X becomes B-X"]
    assert not is_wrong(repair)


def test_a_corpus_in_its_own_scheme_is_converted(tmp_path):
    inspection = inspected(tmp_path, train="a B-X\nb I-X\nc O\n\nd B-X\n", dev="f B-X\ng E-X\nh O\n\ni S-Y\n")
    assert inspection.corpora["dev"].entities == {"X": 1, "Y": 1}
    assert complaints(tmp_path, inspection) == [
        "dev: tags of IOBES, converted to the training corpus's IOB2",
        "dev:5: Y is none of X",
    ]


def test_tags_of_no_scheme_are_wrong_even_if_repaired(tmp_path):
    inspection = inspected(tmp_path, options={"file_scheme": "IOB2", "on_invalid": "repair"}, train="a B-X\nb E-X\n")
    assert complaints(tmp_path, inspection) == ["train:2: E-X is no tag of IOB2, which has O and B-, I- with a type"]
    assert is_wrong(inspection)


def test_repeated_sentences_are_complaints(tmp_path):
    again = TRAIN + "\nEU B-ORG\nsays O\nit B-ORG\n"
    inspection = inspected(tmp_path, train=again)
    assert complaints(tmp_path, inspection) == [
        "train:12: line 3 again: EU says it",
        "train:18: it is B-ORG, but O in line 5: EU says it",
    ]
    assert [complaint.kind for complaint in inspection.complaints] == [
        "repeated sentences",
        "repeated sentences with other tags",
    ]
    assert not is_wrong(inspection)


def test_sentences_shared_with_training_are_complaints(tmp_path):
    inspection = inspected(tmp_path, train=ONCE, dev="x O\n\nEU O\nsays O\nit O\n", test="Ann B-PER\nLee I-PER\n")
    assert complaints(tmp_path, inspection) == [
        "dev:3: line 3 of train: EU says it",
        "test:1: line 7 of train: Ann Lee",
    ]
    assert not is_wrong(inspection)


def test_types_that_training_lacks_are_wrong(tmp_path):
    dev = "a O\nb B-GPE\n\nc B-GPE\nd B-ORG\ne B-LOC\n"
    inspection = inspected(tmp_path, train=ONCE, dev=dev)
    assert complaints(tmp_path, inspection) == ["dev:2: GPE is none of ORG, PER", "dev:6: LOC is none of ORG, PER"]
    assert is_wrong(inspection)


def test_long_sentences_are_cut_in_messages(tmp_path):
    sentence = "word O\n" * 40 + "\n"
    (complaint,) = inspected(tmp_path, train=sentence * 2).complaints
    assert len(complaint.message) < 90
    assert complaint.message.endswith("…")


def test_unreadable_lines_are_complaints_and_others_count(tmp_path):
    inspection = inspected(tmp_path, train="a O\n\nb\n\nc O\nd O O\n", dev="")
    assert complaints(tmp_path, inspection) == [
        "train:3: expected 2 columns, as line 1 has, found 1: 'b'",
        "train:6: expected 2 columns, as line 1 has, found 3: 'd O O'",
        "dev: expected at least one sentence, found none",
    ]
    assert is_wrong(inspection)
    assert (inspection.corpora["train"].sentences, inspection.corpora["train"].tokens) == (2, 2)
    assert "dev" not in inspection.corpora


def test_faults_of_all_records_are_counted_once_each(tmp_path):
    (tmp_path / "x.jsonl").write_text('{"tokens": ["a"]}\n' * 60)
    inspection = inspected(tmp_path, options={"sources": {"train": str(tmp_path / "x.jsonl")}})
    assert [complaint.line for complaint in inspection.complaints] == [*range(1, 61)]
    empty = inspected(tmp_path, train="")
    assert [complaint.message for complaint in empty.complaints] == ["expected at least one sentence, found none"]


def test_skipped_rows_are_remarks_with_their_lines(tmp_path):
    settings = ColumnFormat(on_empty_token="skip")
    inspection = inspected(tmp_path, settings, train="EU\tB-ORG\n\tO\nsays\tO\n\nit\tO\n\tO\n")
    kind = "empty tokens, skipped"
    assert [(c.line, c.kind, c.wrong) for c in inspection.complaints] == [(2, kind, False), (6, kind, False)]
    assert inspection.corpora["train"].tokens == 3


def test_changed_spans_are_remarks_with_line_and_text(tmp_path):
    lines = [
        '{"text": "Ann is", "label": [[0, 4, "X"]]}',
        '{"text": "no"}',
        '{"text": "a Bob", "label": [[1, 4, "X"]]}',
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    settings = ColumnFormat(on_misaligned="snap")
    inspection = inspected(tmp_path, settings, options={"sources": {"train": str(tmp_path / "x.jsonl")}})
    assert complaints(tmp_path, inspection) == [
        "x.jsonl:1: X from 0 to 4, 'Ann ' becomes X from 0 to 3, 'Ann'",
        "x.jsonl:3: X from 1 to 4, ' Bo' becomes X from 2 to 4, 'Bo'",
        "x.jsonl:3: X from 2 to 4, 'Bo' becomes X from 2 to 5, 'Bob'",
        "x.jsonl:2: found only text",
    ]
    assert not is_wrong(inspection)
    assert inspection.corpora["train"].entities == {"X": 2}


def test_without_training_data_other_corpora_are_inspected(tmp_path):
    (tmp_path / "dev").write_text(TRAIN)
    sources = {"train": str(tmp_path / "none"), "dev": str(tmp_path / "dev")}
    inspection = inspect_corpora(sources, lambda source, scheme, *calls: read(source, ColumnFormat(), *calls))
    assert complaints(tmp_path, inspection) == [
        "none: expected a file, found nothing there",
        "dev:12: line 3 again: EU says it",
    ]
    assert inspection.sections()


def test_coverage_by_word_vectors_is_counted(tmp_path):
    vectors = Pretrained(["eu", "Says", "lee"], np.zeros((3, 2), np.float32), "vectors.txt")
    inspection = inspected(
        tmp_path, options={"vectors": lambda: vectors}, train=TRAIN, dev="lee O\nLee O\nsays O\nx O\nx O\n"
    )
    # By the lower-cased form too, but not by an upper-cased one.
    assert inspection.corpora["train"].coverage == Coverage(types=5, types_found=2, tokens=8, tokens_found=3)
    assert inspection.corpora["dev"].coverage == Coverage(types=4, types_found=2, tokens=5, tokens_found=2)

    def missing():
        raise DataError("vectors.txt", "a file of word vectors", "none")

    inspection = inspected(tmp_path, options={"vectors": missing}, train=TRAIN)
    assert complaints(tmp_path, inspection)[0] == "vectors.txt: expected a file of word vectors, found none"
    assert is_wrong(inspection)
    assert inspection.corpora["train"].sentences == 3


def test_the_table_shows_every_figure(tmp_path):
    vectors = Pretrained(["eu"], np.zeros((1, 2), np.float32), "vectors.txt")
    inspection = inspected(tmp_path, options={"vectors": lambda: vectors}, train=TRAIN * 400, dev="EU B-ORG\n")
    (section,) = inspection.sections()
    assert section.title == "Tags are read as IOB2"
    explanations, table = section.parts
    assert explanations.count("\n") == 3
    assert table.header == ("", "train", "dev")
    assert {name: tuple(cells) for name, *cells in table.rows} == {
        "sentences": ("1,200", "1"),
        "tokens": ("3,200", "1"),
        "documents": ("800", "–"),
        "longest sentence": ("3 tokens", "1 tokens"),
        "  its line": ("3", "1"),
        "entities": ("1,200", "1"),
        "  ORG": ("800", "1"),
        "  PER": ("400", "0"),
        "tokens with a vector": ("25.0%", "100.0%"),
        "words with a vector": ("20.0%", "100.0%"),
    }


def test_json_has_everything(tmp_path):
    inspection = inspected(tmp_path, train=TRAIN + "\nx\n" * 30, dev=TRAIN)
    values = json.loads(json.dumps(as_json(inspection)))
    assert values["wrong"] is True
    assert values["scheme"] == "IOB2"
    assert values["corpora"]["train"]["entities"] == {"ORG": 2, "PER": 1}
    assert values["corpora"]["train"]["scheme"]["scheme"] == "IOB2"
    assert [Complaint(**complaint) for complaint in values["complaints"]] == inspection.complaints
    assert len(inspection.complaints) == 30 + 1 + 1 + 3
