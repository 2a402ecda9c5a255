"""Datasets in Parquet: any columns, types and bytes are a corpus or refused."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS
from bilstm_nlp.tags import SCHEMES
from tests.fuzz.configs import wrong
from tests.fuzz.files import WHOLE, changed
from tests.fuzz.runs import JSON_VALUES
from tests.fuzz.test_jsonl import check

FORMATS = st.builds(
    ColumnFormat,
    token=st.sampled_from([0, 0, 0, 0, "tokens", "text"]),
    tag=st.sampled_from([-1, -1, -1, None, "ner_tags", "labels"]),
    cut=st.sampled_from([WORDS, CHARACTERS]),
    spans_as=st.sampled_from(SCHEMES),
)


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
NUMBER = st.integers(-2, 5) | st.sampled_from([2**31, -(2**31), 2**62, -(2**63)])
SMALL = st.integers(-3, 5)
ENTITY = {"start": NUMBER, "end": NUMBER, "label": st.none() | TEXT}
FLAT: list[tuple[pa.DataType, st.SearchStrategy]] = [
    (pa.string(), TEXT),
    (pa.large_string(), TEXT),
    (pa.string_view(), TEXT),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["O", "B-X", "I-X"])),
    (pa.binary(), st.binary(max_size=3)),
    (pa.null(), st.none()),
    (pa.bool_(), st.booleans()),
    (pa.int64(), NUMBER),
    (pa.int8(), SMALL),
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.float64(), st.floats()),
    (pa.float16(), st.floats(width=16)),
    (pa.decimal128(5, 2), st.decimals(-100, 100, allow_nan=False, places=2)),
    (pa.date32(), st.integers(-(2**31), 2**31 - 1)),
    (pa.timestamp("ms"), NUMBER),
    (pa.timestamp("ns", "Europe/Berlin"), NUMBER),
    (pa.time64("us"), NUMBER),
    (pa.duration("ms"), NUMBER),
]
STRUCTS: list[tuple[pa.DataType, st.SearchStrategy]] = [
    (pa.struct({"text": pa.string()}), st.fixed_dictionaries({"text": TEXT})),
    (
        pa.struct({"start": pa.int64(), "end": pa.int64(), "label": pa.string()}),
        st.fixed_dictionaries(ENTITY),
    ),
    (pa.map_(pa.string(), pa.int64()), st.lists(st.tuples(TEXT, NUMBER), max_size=2)),
]
INNER = [*FLAT, *STRUCTS]
LISTS = [
    *((pa.list_(kind), st.lists(st.none() | cells, max_size=3)) for kind, cells in INNER),
    *((pa.large_list(kind), st.lists(cells, max_size=3)) for kind, cells in INNER[:4]),
    *((pa.list_(kind, 2), st.lists(cells, min_size=2, max_size=2)) for kind, cells in INNER[:4]),
    *((pa.list_(pa.list_(kind)), st.lists(st.lists(cells, max_size=3), max_size=2)) for kind, cells in INNER[:8]),
]
KINDS = [*INNER, *LISTS, *LISTS]
ENOUGH = [
    *(("tokens", "tags"), ("tokens", "ner_tags"), ("tokens", "text", "spans"), ("text", "labels")),
    *(("text", "spans", "document"), ("tokens",), ("x",)),
]
"""Which columns a table may have, most of them enough for a tagger."""
TOKENS = st.lists(st.sampled_from(["EU", "北", "rejects", "."]), max_size=4)
TAGS = ("O", "B-X", "I-X")
FEATURES = ("Value", "ClassLabel", "List", "LargeList", "Sequence", "Json", "Array2D", "Translation", "Image", "Audio")
NOTES = (
    *JSON_VALUES,
    *FEATURES,
    *("string", "int64", "null", "timestamp[s]", "float16", "binary"),
    *({"_type": name} for name in FEATURES),
    {"names": ["O", None], "_type": "ClassLabel"},
    {"feature": {"names": list(TAGS), "_type": "ClassLabel"}, "_type": "List"},
    {"dtype": "string", "_type": "Value"},
)
"""Pieces of the library's notes on columns."""


def as_they_should(rows: list[list[str]]) -> dict[str, pa.Array]:
    """The columns that a tagger reads, for rows of tokens."""
    spans = [[{"start": 0, "end": len(tokens[0]), "label": "X"}] if tokens else [] for tokens in rows]
    return {
        "tokens": pa.array(rows, pa.list_(pa.string())),
        "tags": pa.array([[TAGS[0]] * len(tokens) for tokens in rows], pa.list_(pa.string())),
        "ner_tags": pa.array(
            [[position % 2 for position in range(len(tokens))] for tokens in rows], pa.list_(pa.int64())
        ),
        "text": pa.array([" ".join(tokens) for tokens in rows], pa.string()),
        "spans": pa.array(spans, pa.list_(STRUCTS[1][0])),
        "labels": pa.array(spans, pa.list_(STRUCTS[1][0])),
        "document": pa.array(["a"] * len(rows), pa.string()),
        "x": pa.array([0] * len(rows), pa.int8()),
    }


@st.composite
def odd_column(draw: st.DrawFn, length: int) -> pa.Array:
    """A column of any type."""
    kind, cells = draw(st.sampled_from(KINDS))
    return pa.array(draw(st.lists(st.none() | cells, min_size=length, max_size=length)), kind)


@st.composite
def parquet(draw: st.DrawFn) -> bytes:
    """A table with columns missing, of other types or described as something else, in bytes that may be changed."""
    rows = draw(st.lists(TOKENS, max_size=4))
    right = as_they_should(rows)
    columns = {name: right[name] for name in draw(st.sampled_from(ENOUGH))}
    for name in draw(st.lists(st.sampled_from(sorted(right)), max_size=2)):
        columns[name] = draw(st.just(right[name]) | odd_column(len(rows)))
    table = pa.table(columns)
    if draw(st.booleans()):
        table = table.replace_schema_metadata({"huggingface": json.dumps(draw(notes(table.schema)))})
    stream = io.BytesIO()
    pq.write_table(table, stream, store_schema=draw(st.booleans()))
    return draw(changed(stream.getvalue())) if draw(st.booleans()) else stream.getvalue()


@st.composite
def notes(draw: st.DrawFn, schema: pa.Schema) -> Any:
    """Draw the library's notes on a table's columns, or other content in their place."""
    try:
        features = datasets.Features.from_arrow_schema(schema).to_dict()
    except ValueError:  # for types that it does not know
        features = {}
    for name in {"tags", "ner_tags"} & features.keys():
        if schema.field(name).type == pa.list_(pa.int64()):
            features[name] = {"feature": {"names": list(TAGS), "_type": "ClassLabel"}, "_type": "List"}
    described = {"info": {"features": features}}
    return draw(wrong(described, NOTES)) if draw(st.booleans()) else described


@WHOLE
@given(parquet(), FORMATS)
def test_any_parquet_is_a_corpus_or_refused(folder, content, format):
    check(folder / "x.parquet", content, format)
