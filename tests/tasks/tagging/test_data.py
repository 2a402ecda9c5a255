"""The corpora of a config: legal tags, one scheme, fractions and held-out folds."""

from __future__ import annotations

import logging

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.formats.corpus_parts import fraction_of, hold_out
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging.data import CorpusLoader
from tests.studies.grids import corpus as generated

IOB2 = "EU B-ORG\nUN B-ORG\nsays O\n"
IOB1 = "EU I-ORG\nUN B-ORG\nsays O\n"
IOBES = "EU S-ORG\nUN S-ORG\nsays O\n"


def loader(folder, contents: dict[str, str], **data: object) -> CorpusLoader:
    """Write the corpora of a config, and make its loader."""
    for name, content in contents.items():
        (folder / name).write_text(content)
    paths = {name: str(folder / name) for name in contents}
    return tagging(parse({"data": paths | data}, "a test")).loader


def tags(corpus) -> list[tuple[str, ...]]:
    return [sentence.tags for sentence in corpus.sentences]


@pytest.mark.parametrize(("content", "scheme"), [(IOB2, "IOB2"), (IOB1, "IOB1"), (IOBES, "IOBES")])
def test_the_scheme_of_the_training_corpus_is_detected(tmp_path, content, scheme):
    corpora = loader(tmp_path, {"train": content, "dev": content, "test": content}).load()
    assert corpora.scheme == scheme
    assert tags(corpora.train) == tags(corpora.dev) == tags(corpora.test)


def test_a_corpus_of_another_scheme_is_converted_with_a_warning(tmp_path, caplog):
    corpora = loader(tmp_path, {"train": IOB2, "dev": IOBES}).load()
    assert tags(corpora.dev) == [("B-ORG", "B-ORG", "O")]
    assert corpora.test is None
    assert "its tags are in IOBES, the training corpus's in IOB2; converted" in caplog.text


def test_a_given_scheme_is_that_of_all_corpora(tmp_path):
    with pytest.raises(DataError, match="dev:1: expected tags of IOB2"):
        loader(tmp_path, {"train": IOB2, "dev": IOBES}, file_scheme="IOB2").load()


def test_repairs_are_listed_up_to_three(tmp_path, caplog):
    broken = "a I-X\nb O\n" * 4
    corpora = loader(tmp_path, {"train": broken, "dev": "a O\n"}, file_scheme="IOB2", on_invalid_tags="repair").load()
    assert tags(corpora.train) == [("B-X", "O") * 4]
    shown = "4 tags repaired (line 1: I-X → B-X, line 3: I-X → B-X, line 5: I-X → B-X, …)"
    assert shown in caplog.text


def test_a_held_out_fold_is_not_in_training(tmp_path):
    contents = {"train": generated(20), "dev": generated(5)}
    whole = loader(tmp_path, contents).load()
    without = loader(tmp_path, contents, held_out={"fold": 2, "folds": 4}).load()
    assert without.train == hold_out(whole.train, 2, 4)[0]
    assert without.dev == whole.dev


@pytest.mark.parametrize("seed", [1, 2])
def test_training_sees_only_its_fraction_of_the_sentences(tmp_path, seed):
    (tmp_path / "train.conll").write_text(generated(20))
    (tmp_path / "dev.conll").write_text(generated(5))
    data = {"train": str(tmp_path / "train.conll"), "dev": str(tmp_path / "dev.conll"), "fraction": 0.15}
    prepared = tagging(parse({"seed": seed, "data": data, "encoder": {"hidden": 3}}, "a test")).prepare()
    parts, codec = prepared.data, prepared.codec
    whole = tagging(parse({"data": data | {"fraction": 1.0}}, "a test")).loader.load()
    chosen = fraction_of(whole.train, 0.15).sentences
    assert parts.train.sentences == chosen
    assert len(chosen) == 3
    assert parts.dev == whole.dev
    assert set(codec.words.learnt) == {token.lower() for sentence in chosen for token in sentence.tokens}
    batches = prepared.batches(1)
    assert sum(len(batch) for batch in batches) == 3


# --- several sources, and shares ---

FIRST = "-DOCSTART- O\n\nEU B-ORG\nsays O\n\n-DOCSTART- O\n\nUN B-ORG\n"
SECOND = "no O\n\n-DOCSTART- O\n\nEU B-ORG\nit O\n"


def several(folder, first: str, second: str, **data: object) -> CorpusLoader:
    (folder / "a.conll").write_text(first)
    (folder / "b.conll").write_text(second)
    (folder / "dev").write_text(IOB2)
    names = {"train": [str(folder / "a.conll"), str(folder / "b.conll")], "dev": str(folder / "dev")}
    return tagging(parse({"data": names | data}, "a test")).loader


def test_several_sources_are_one_corpus_with_documents_of_their_own(tmp_path):
    train = several(tmp_path, FIRST, SECOND).load().train
    assert [(s.tokens[0], s.document, s.line, s.source) for s in train.sentences] == [
        ("EU", 1, 3, str(tmp_path / "a.conll")),
        ("UN", 2, 8, str(tmp_path / "a.conll")),
        ("no", 0, 1, str(tmp_path / "b.conll")),
        ("EU", 3, 5, str(tmp_path / "b.conll")),
    ]
    assert train.source == f"{tmp_path / 'a.conll'}, {tmp_path / 'b.conll'}"


def test_formats_of_several_sources_may_differ(tmp_path):
    loader = several(tmp_path, FIRST, '{"text": "Ann is", "label": [[0, 3, "PER"]]}\n')
    assert loader.load().train.sentences[-1].tags == ("B-PER", "O")


def test_a_fault_is_named_in_its_own_file(tmp_path):
    with pytest.raises(DataError, match=r"b\.conll:2: expected tags that keep to IOB2"):
        several(tmp_path, FIRST, "a O\nb I-X\n", file_scheme="IOB2").load()
    with pytest.raises(DataError, match=r"b\.conll:2: expected 2 columns"):
        several(tmp_path, FIRST, "a O\nb\n").load()
    complaints = tagging(several_config(tmp_path)).inspect().complaints
    assert [str(complaint).replace(f"{tmp_path}/", "") for complaint in complaints][:2] == [
        "b.conll:2: I-X follows O; in IOB2 an entity begins with B-X",
        "b.conll:4: line 3 of a.conll again: EU says",
    ]


def several_config(folder):
    (folder / "b.conll").write_text("a O\nb I-X\n\nEU B-ORG\nsays O\n\nc B-X\n")
    return parse({"data": {"train": f"{folder}/?.conll", "dev": str(folder / "dev"), "file_scheme": "IOB2"}}, "a test")


def corpus_of_documents(count: int) -> str:
    return "".join(f"-DOCSTART- O\n\na{number} B-X\n\nb{number} O\n\nc{number} O\n\n" for number in range(count))


def test_a_share_cuts_whole_documents_by_the_seed(tmp_path):
    def parts(seed_of_run: int, **share: object):
        config = {"data": {"train": str(tmp_path / "train"), "dev": {"share": 0.25} | share}, "seed": seed_of_run}
        corpora = tagging(parse(config, "a test")).loader.load()
        return [{s.document for s in part.sentences} for part in (corpora.train, corpora.dev)], corpora

    (tmp_path / "train").write_text(corpus_of_documents(20))
    (train, dev), corpora = parts(1)
    assert (len(train), len(dev), len(corpora.dev.sentences)) == (15, 5, 15)
    assert not train & dev
    assert parts(1)[0] == [train, dev]
    assert parts(2)[0] != [train, dev]
    assert parts(2, seed=1)[0] == [train, dev]


def test_a_share_is_cut_before_a_fraction_is_drawn(tmp_path):
    (tmp_path / "train").write_text(corpus_of_documents(20))
    data = {"train": str(tmp_path / "train"), "dev": {"share": 0.25}}
    whole, half = (tagging(parse({"data": data | {"fraction": f}}, "a test")).loader.load() for f in (1.0, 0.5))
    assert half.dev == whole.dev
    assert {s.tokens for s in half.train.sentences} < {s.tokens for s in whole.train.sentences}
    assert len(half.train.sentences) == 22


def test_an_inspection_describes_both_sides_of_a_share(tmp_path):
    (tmp_path / "train").write_text(corpus_of_documents(20) + "bad\n")
    config = parse({"data": {"train": str(tmp_path / "train"), "dev": {"share": 0.25}}}, "a test")
    inspection = tagging(config).inspect()
    assert {name: figures.documents for name, figures in inspection.corpora.items()} == {"train": 15, "dev": 5}
    assert [complaint.line for complaint in inspection.complaints if complaint.wrong] == [161]


def test_one_sentence_can_not_be_shared(tmp_path):
    (tmp_path / "train").write_text("EU B-ORG\n")
    config = parse({"data": {"train": str(tmp_path / "train"), "dev": {"share": 0.5}}}, "a test")
    with pytest.raises(DataError, match=r"train: expected two sentences or more, to cut off .*, found 1"):
        tagging(config).loader.load()


def test_a_missing_file_is_named_with_where_it_was_looked_for(tmp_path):
    config = parse({"data": {"train": str(tmp_path / "trian"), "dev": str(tmp_path / "*.dev")}}, "a test")
    (tmp_path / "train").write_text(IOB2)
    looked_for = "a relative path is looked for in the current folder, then beside the config"
    with pytest.raises(DataError) as error:
        tagging(config).loader.load()
    assert str(error.value).endswith(f"trian: expected a file, found nothing there; did you mean train?; {looked_for}")
    complaints = [str(complaint) for complaint in tagging(config).inspect().complaints]
    assert complaints[1].endswith(f"found nothing there, and no file that matches the pattern; {looked_for}")


def test_near_scheme_of_known_tags_is_refused_unless_repaired(tmp_path):
    content = "a B-X\nb I-x\nc O\nd B-X\n"
    with pytest.raises(DataError, match=r"data\.tag_map = "):
        loader(tmp_path, {"train": content, "dev": content}).load()
    corpora = loader(tmp_path, {"train": content, "dev": content}, on_invalid_tags="repair").load()
    assert len(corpora.train.sentences) == 1


def test_near_scheme_of_unknown_tags_is_refused_even_if_repaired(tmp_path):
    content = "a B_X\nb I_X\nc O\n"
    with pytest.raises(DataError, match=r"data\.tag_map = "):
        loader(tmp_path, {"train": content, "dev": content}, on_invalid_tags="repair").load()


def test_plain_training_and_segments_do_not_convert(tmp_path):
    contents = {"train": "a DT\nb NN\n", "dev": "a B-X\nb O\n"}
    corpora = loader(tmp_path, contents).load()
    assert (corpora.scheme, tags(corpora.dev)) == ("plain", [("B-X", "O")])
    with pytest.raises(DataError, match=r"dev:1: expected tags of IOB2.*or data\.file_scheme"):
        loader(tmp_path, {"train": "a B-X\n", "dev": "a DT\nb NN\n"}).load()


def test_a_file_of_training_among_the_others_is_said(tmp_path, caplog):
    both = [str(tmp_path / "train"), str(tmp_path / "more")]
    (tmp_path / "more").write_text(IOB2)
    loader(tmp_path, {"train": IOB2, "dev": IOB2}, train=both, test=str(tmp_path / "more")).load()
    said = "is in data.train, too: its scores are those of sentences trained on"
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"data.test: {tmp_path / 'more'} {said}"]
