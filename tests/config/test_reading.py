"""Configs: every problem at once, overrides, round trips."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bilstm_nlp.config import dotted_keys, load, parse, schema, to_json
from bilstm_nlp.errors import ConfigError

CONFIGS = sorted(
    path for path in (Path(__file__).parent.parent.parent / "configs").rglob("*.toml") if path.parent.name != "compare"
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(path, overrides)
    return caught.value.problems


MINIMAL = '[data]\ntrain = "a"\ndev = "b"\n'


def test_every_problem_is_reported_at_once(tmp_path):
    path = written(
        tmp_path,
        """
        [data]
        train = 3
        scheme = "IOBS"
        [encoder]
        cell = "rnn"
        hiden = 100
        dropout = 1.5
        [head]
        kind = "crff"
        [training.optimizer]
        kind = "sgd"
        weight_decay = -1
        [typo]
        [embeddings]
        word_dropout = "much"
        """,
    )
    complaints = problems(path)
    by_key = {line.partition(":")[0]: line for line in complaints}
    assert by_key["data.train"] == "data.train: expected a valid string, found 3"
    assert by_key["data.dev"] == "data.dev: required, but it is not there"
    assert "'IOBES'" in by_key["data.scheme"]
    assert by_key["data.scheme"].endswith("found 'IOBS'")
    assert by_key["encoder.cell"] == "encoder.cell: expected 'lstm' or 'gru', found 'rnn'"
    assert by_key["encoder.hiden"] == "encoder.hiden: unknown key; did you mean encoder.hidden?"
    assert by_key["encoder.dropout"] == "encoder.dropout: expected less than 1, found 1.5"
    assert by_key["head.kind"] == "head.kind: expected one of crf, softmax, found 'crff'"
    assert by_key["training.optimizer.weight_decay"].endswith("greater than or equal to 0, found -1")
    assert by_key["typo"] == "typo: unknown key"
    assert by_key["embeddings.word_dropout"].startswith("embeddings.word_dropout: expected a valid number")
    assert len(complaints) == len(by_key) == 10


def test_every_problem_of_a_forecaster_is_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        parse(
            {
                "task": "forecasting",
                "data": {"file": "x", "horizn": 3, "split": {"kind": "counts", "train": 0, "validation": 1, "test": 1}},
                "head": {"objective": {"kind": "quantile", "levels": [0.9, 0.1]}},
                "embeddings": {},
            },
            "a test",
        )
    assert sorted(caught.value.problems) == [
        "data.horizn: unknown key; did you mean data.horizon?",
        "data.split.train: expected greater than or equal to 1, found 0",
        "embeddings: unknown key",
        "head.objective.levels: expected ascending levels with 0.5 between two others, found [0.9, 0.1]",
    ]
    with pytest.raises(
        ConfigError, match="task: expected one of tagging, forecasting, classification, labelling, found 'taging'"
    ):
        parse({"task": "taging"}, "a test")


DATA = {"tagging": {"train": "a", "dev": "b"}, "forecasting": {"file": "x"}}


@pytest.mark.parametrize("task", sorted(DATA))
@pytest.mark.parametrize(
    ("encoder", "attention", "message"),
    [
        ({"hidden": 10}, {"heads": 3}, "attention.heads: expected a divisor of the encoder's 20 features, found 3"),
        (
            {"hidden": 10, "bidirectional": False},
            {},
            "attention.heads: expected a divisor of the encoder's 10 features, found 4",
        ),
        ({}, {"heads": 100}, "attention.heads: expected a divisor of the encoder's 512 features, found 100"),
        ({}, {"heads": 0}, "attention.heads: expected greater than or equal to 1, found 0"),
        ({}, {"dropout": 1}, "attention.dropout: expected less than 1, found 1"),
        (
            {},
            {"size": 3},
            "attention.size: unknown key where attention.kind is multi-head; attention={kind='multi-head'} replaces ",
        ),
        ({}, {"kind": "multihead"}, "attention.kind: expected one of none, additive, multi-head, found 'multihead'"),
    ],
)
def test_attention_that_cannot_be_is_named(task, encoder, attention, message):
    values = {"task": task, "data": DATA[task], "encoder": encoder, "attention": {"kind": "multi-head"} | attention}
    with pytest.raises(ConfigError) as caught:
        parse(values, "a test")
    (problem,) = caught.value.problems
    assert problem.startswith(message)


def test_heads_are_not_asked_to_divide_what_is_wrong_itself():
    values = {"data": DATA["tagging"], "encoder": {"hidden": 0}, "attention": {"kind": "multi-head", "heads": 3}}
    with pytest.raises(ConfigError) as caught:
        parse(values, "a test")
    assert caught.value.problems == ["encoder.hidden: expected greater than or equal to 1, found 0"]


@pytest.mark.parametrize("task", sorted(DATA))
def test_a_config_from_before_there_was_attention_has_none(task):
    values = to_json(parse({"task": task, "data": DATA[task]}, "a test"))
    assert values.pop("attention") == {"kind": "none"}
    assert parse(values, "again").attention.kind == "none"
    with_heads = parse(values | {"encoder": {"hidden": 3}, "attention": {"kind": "multi-head", "heads": 3}}, "again")
    assert parse(json.loads(json.dumps(to_json(with_heads))), "again") == with_heads


def test_a_key_in_the_wrong_table_is_pointed_to_the_right_one(tmp_path):
    assert problems(written(tmp_path, MINIMAL + "hidden = 3\n")) == [
        "data.hidden: unknown key; did you mean encoder.hidden?"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = = 3", "Invalid value (at line 1, column 5)"),
        ('[data]\ntrain = "\\x"', "Unescaped"),
        (
            "seed = " + "9" * 5000,
            "Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits",
        ),
        ("seed = 0x" + "f" * 6000, "expected whole numbers of at most 64 bits, found one of 24000"),
        ("a = " + "[" * 3000 + "]" * 3000, "expected values at most 40 deep, found deeper ones"),
        ("a." * 3000 + "a = 1", "expected values at most 40 deep, found deeper ones"),
    ],
)
def test_broken_toml_is_named(tmp_path, text, message):
    (problem,) = problems(written(tmp_path, text))
    assert problem.startswith(f"not valid TOML: {message}")


def test_values_that_no_config_has_are_refused_wherever_they_come_from(tmp_path):
    values: dict = {"data": {"train": "a", "dev": "b"}}
    for _ in range(500):
        values = {"a": values}
    with pytest.raises(ConfigError, match="expected values at most 40 deep, found deeper ones"):
        parse(values, "a test")
    path = written(tmp_path, MINIMAL)
    key = ".".join("a" * 41)
    assert problems(path, f"{key}=1") == [
        f"--set {key}=1: expected a key of at most 40 parts, found 41",
    ]
    # What is not TOML is text, and so is what is too much for TOML.
    (problem,) = problems(path, "seed=" + "[" * 3000)
    assert problem.startswith("seed: expected a valid integer, unable to parse string as an integer, found '[[[")
    assert problems(path, "seed=4294967296") == ["seed: expected less than 4294967296, found 4294967296"]
    assert problems(path, "encoder.hidden=2147483648") == [
        "encoder.hidden: expected less than or equal to 2147483647, found 2147483648"
    ]
    with pytest.raises(ConfigError, match="task: expected a string"):
        parse({"task": None}, "a test")


@pytest.mark.parametrize("value", ["inf", "-inf", "nan"])
def test_a_number_that_json_does_not_have_is_refused(tmp_path, value):
    assert problems(written(tmp_path, f"{MINIMAL}[training]\nclip = {value}\n")) == [
        f"training.clip: expected a finite number, found {value}"
    ]


def test_lists_of_the_wrong_length_are_named(tmp_path):
    for text, message in (
        ("[0.9]", "training.optimizer.betas.1: required, but it is not there"),
        ("[0.9, 0.9, 0.9]", "training.optimizer.betas: expected "),
    ):
        (problem,) = problems(written(tmp_path, f"{MINIMAL}[training.optimizer]\nkind = 'adam'\nbetas = {text}\n"))
        assert message in problem


def test_files_that_can_not_be_are_named(tmp_path):
    assert problems(written(tmp_path, '[data]\ntrain = "a\\u0000"\ndev = "~nobody-known-here/x"\n')) == [
        r"data.train: expected a name that a file can have, found 'a\x00'",
        "data.dev: expected a path in a folder of somebody who is known here, found '~nobody-known-here/x'",
    ]
    assert problems(tmp_path / "a\0b") == ["expected a TOML file, found a name with NUL in it"]


def test_the_dates_of_a_split_survive_json(tmp_path):
    """A run that goes on compares its config with that in its directory."""
    split = "split = {kind = 'dates', validation = 2020-01-01, test = 2020-02-01T12:00:00, end = 2020-03-01}"
    config = load(written(tmp_path, f"task = 'forecasting'\n[data]\nfile = 'x'\n{split}\n"))
    assert parse(json.loads(json.dumps(to_json(config))), "again") == config
    assert to_json(config)["data"]["split"]["validation"] == "2020-01-01T00:00:00"


def test_missing_files_directories_and_bytes_are_named(tmp_path):
    written(tmp_path, MINIMAL)
    assert problems(tmp_path / "sme.toml") == ["expected a TOML file, found nothing there; did you mean some.toml?"]
    assert problems(tmp_path) == ["expected a TOML file, found a directory"]
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'")
    assert problems(tmp_path / "bytes.toml") == ["expected UTF-8 text, found byte 0xff"]


def test_overrides_are_toml_or_strings(tmp_path):
    path = written(tmp_path, MINIMAL)
    overrides = [
        "encoder.cell=gru",
        "encoder.layers=2",
        "data.test=x.conll",
        "training.optimizer={kind='sgd'}",
        "seed=7",
    ]
    config = load(path, overrides)
    assert (config.encoder.cell, config.encoder.layers, config.seed) == ("gru", 2, 7)
    assert config.data.test == str(Path("x.conll").absolute())
    assert config.training.optimizer.kind == "sgd"


def test_broken_overrides_are_reported_with_the_rest(tmp_path):
    complaints = problems(written(tmp_path, MINIMAL), "encoder", "encoder.cell=rnn", "seed.x=1", "=3")
    assert complaints[0].startswith("--set encoder: expected KEY=VALUE")
    assert complaints[1].startswith("--set =3: expected KEY=VALUE")
    assert any(line.startswith("encoder.cell: expected 'lstm' or 'gru'") for line in complaints)
    assert any(line.startswith("seed: expected a valid integer") for line in complaints)


def test_json_round_trip():
    values = {"data": {"train": "a", "dev": "hf:conll2003:validation"}, "training": {"schedule": {"kind": "plateau"}}}
    config = parse(values, "test")
    assert parse(json.loads(json.dumps(to_json(config))), "again") == config
    assert config.data.dev == "hf:conll2003:validation"


def test_every_key_has_a_description_and_the_schema_is_json():
    described = json.loads(schema())
    for name, section in described["$defs"].items():
        for key, value in section["properties"].items():
            assert key == "kind" or "description" in value or "$ref" in value, f"{name}.{key}"
    assert {"encoder.cell", "head.constrained", "training.optimizer.momentum"} <= set(dotted_keys("tagging"))
    assert not {"data.horizon"} & set(dotted_keys("tagging"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_shipped_configs_are_valid(path):
    config = load(path)
    assert parse(to_json(config), "again") == config


@pytest.mark.parametrize("zone", ["Berlin", "Europe/berlin ", "", "../UTC", "CET+99"])
def test_an_unknown_time_zone_is_named(zone):
    values = {"task": "forecasting", "data": {"file": "x.csv", "timezone": zone}}
    with pytest.raises(ConfigError, match=r"data\.timezone: expected a time zone such as Europe/Berlin"):
        parse(values, "a test")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.min_past=97", r"data.min_past: expected at most the rows of data.look_back, 96, found 97"),
        ("data.min_future=97", r"data.min_future: expected at most the rows of data.horizon, 96, found 97"),
        ("input.rows=97", r"input: expected rows of at most data.look_back, 96, found .*'rows': 97"),
    ],
)
def test_rows_beyond_the_look_back_are_refused(tmp_path, override, message):
    path = tmp_path / "config.toml"
    path.write_text('task = "forecasting"\ndata.file = "sample:energy.csv"\ndata.horizon = 96\n', encoding="utf-8")
    load(path, [override.replace("97", "96")])
    with pytest.raises(ConfigError, match=message):
        load(path, [override])


def test_smoothed_trend_of_another_normalisation_is_refused():
    values = {"task": "forecasting", "data": {"file": "x.csv"}, "input": {"trend_smoothing": 0.5}}
    with pytest.raises(ConfigError, match=r'input.trend_smoothing: expected 0 unless .* = "theta", found 0.5'):
        parse(values, "a test")
    parse({**values, "input": {"trend_smoothing": 0.5, "normalisation": "theta"}}, "a test")


def test_equal_configs_have_equal_hashes_whatever_the_order_of_their_keys():
    data = {"train": "a.conll", "dev": "b.conll"}
    files = [{"city": "a.txt", "river": "b.txt"}, {"river": "b.txt", "city": "a.txt"}, {"city": "a.txt"}]
    first, second, third = (parse({"data": data, "embeddings": {"gazetteers": names}}, "a test") for names in files)
    assert first == second != third
    assert hash(first) == hash(second) != hash(third)


def test_files_are_looked_for_here_and_then_beside_the_config(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    (tmp_path / "there" / "data").mkdir(parents=True)
    config = tmp_path / "there" / "my.toml"
    config.write_text('data = { train = "data/*.conll", dev = ["both.conll", "nowhere.conll"], test = "hf:x" }')
    monkeypatch.chdir(tmp_path / "here")
    for name in ("there/data/a.conll", "there/data/b.conll", "there/both.conll", "here/both.conll"):
        (tmp_path / name).touch()
    for path in (config, Path("../there/my.toml")):
        data = load(path).data
        assert [Path(file) for file in data.train] == [
            tmp_path / "there" / "data" / name for name in ("a.conll", "b.conll")
        ]
        assert data.dev == (str(tmp_path / "here" / "both.conll"), str(tmp_path / "here" / "nowhere.conll"))
        assert data.test == "hf:x"
        assert Path(load(path, ["embeddings.file=both.conll"]).embeddings.file).parent == tmp_path / "here"
    monkeypatch.chdir(tmp_path)
    assert Path(load(config).data.dev[0]) == tmp_path / "there" / "both.conll"


def test_words_of_a_file_need_a_file():
    data = {"train": "a.conll", "dev": "b.conll"}
    with pytest.raises(ConfigError) as caught:
        parse({"data": data, "embeddings": {"file_words": 9}}, "a test")
    assert caught.value.problems == ["embeddings.file_words: expected none without embeddings.file, found 9"]
    assert parse({"data": data, "embeddings": {"file_words": 9, "file": "v.txt"}}, "a test")
