"""Graphs beside the models that they are made of: every layer, on ragged batches, on single sequences, and alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.export.settings import OPSETS
from bilstm_nlp.nn.encoder import Encoder, Sequences
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.decoding import read_together
from tests.tasks.classification.series import series_config_of
from tests.tasks.classification.test_contract import CASES, SERIES
from tests.tasks.classification.texts import config_of
from tests.test_models import forecaster, labeller, tagger  # noqa: F401  # fixtures

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bilstm_nlp.export.models import graph_of
from bilstm_nlp.export.recurrence import encoded
from bilstm_nlp.export.token_embedder import word_tables
from bilstm_nlp.tasks.graph_inputs import array_inputs, token_inputs
from bilstm_nlp.tasks.graph_session import GraphSession

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def session(model, opset=OPSETS[0], example=None):
    return GraphSession(graph_of(model, opset, example).SerializeToString())


def parts(count):
    """Return numbers of sequences in batches: all, and each alone."""
    return [np.arange(count), *(np.array([index]) for index in range(count))]


def check(actual, expected, real):
    """Compare numbers where there are steps."""
    assert actual.shape == tuple(expected.shape)
    np.testing.assert_allclose(actual[real], expected.numpy()[real], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_graph_of_a_tagger_gives_its_emissions(tagger):  # noqa: F811
    _, data, codec, model = tagger
    model.eval()
    strange = Sentence(tokens=("zebra", "Unseen", "ÅNGSTRÖM", "1996-08-22", "x" * 90), tags=None, line=1)
    together = read_together(codec, codec.encode([*data.train.sentences, strange]))
    graph, tables = session(model), word_tables(model.embedder)
    for chosen in parts(len(together.lengths)):
        batch = together.collate(chosen)
        (emissions,) = graph.run(token_inputs(batch, tables), ["emissions"])
        check(emissions, model.decode(on(batch)), batch.mask)
        if model.attention is not None:
            (weights,) = graph.run(token_inputs(batch, tables), ["attention"])
            expected = model.decode_with_weights(on(batch))[1]
            check(weights.transpose(0, 2, 1, 3), expected.transpose(1, 2), batch.mask)
        elif codec.context:
            joined = together.joined(chosen)
            for scores in (graph.run(token_inputs(joined, tables), ["emissions"])[0], model.decode(on(joined)).numpy()):
                np.testing.assert_allclose(scores[0], emissions[batch.mask], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_graph_of_a_forecaster_gives_its_forecasts(forecaster):  # noqa: F811
    prepared, _, codec, model = forecaster
    for parameter in model.parameters():  # those of a bypass and of effects begin at 0
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    model.eval()
    windows = prepared.windows.of("test")
    graph = session(model, example=codec.series.batch(windows, np.arange(2)))
    for chosen in parts(4):
        batch = codec.series.batch(windows, chosen)
        (forecasts,) = graph.run(array_inputs(batch), ["forecasts"])
        check(forecasts, model.decode(on(batch)), slice(None))


@torch.no_grad()
def test_graph_of_a_labeller_gives_its_emissions(labeller):  # noqa: F811
    model, codec = labeller.model.eval(), labeller.codec
    encoded_sequences, graph = codec.encode(labeller.data.train.sequences), session(model)
    for chosen in parts(len(labeller.data.train.sequences)):
        batch = encoded_sequences.collate(chosen)
        (emissions,) = graph.run(array_inputs(batch), ["emissions"])
        check(emissions, model.decode(on(batch)), batch.mask)


@pytest.mark.parametrize("case", [*CASES, *SERIES], ids=json.dumps)
@torch.no_grad()
def test_graph_of_a_classifier_gives_its_scores(case, tmp_path):
    values = series_config_of if case.get("input") == "series" else config_of
    prepared = build(parse(values(tmp_path, **case), "a test")).prepare()
    model, inputs = prepared.model.eval(), prepared.data.dev.inputs
    encoded_inputs, graph = prepared.codec.inputs.encode(inputs), session(model)
    for chosen in parts(len(inputs)):
        batch = encoded_inputs.collate(chosen)
        is_text = hasattr(batch, "words")
        feeds = token_inputs(batch, word_tables(model.embedder)) if is_text else array_inputs(batch)
        decoded = model.decode(on(batch))
        check(graph.run(feeds, ["scores"])[0], decoded.scores, slice(None))
        assert ("weights" in graph.outputs) == (decoded.weights is not None)
        if decoded.weights is not None:
            check(graph.run(feeds, ["weights"])[0], decoded.weights, slice(None))


@pytest.mark.parametrize("opset", range(OPSETS[0], OPSETS[1] + 1))
@torch.no_grad()
def test_every_opset_gives_the_same_scores(opset, tmp_path):
    case = {"attention": {"kind": "additive", "size": 3}, "head": {"kind": "softmax", "pooling": "max"}}
    prepared = build(parse(config_of(tmp_path, **case), "a test")).prepare()
    model, inputs = prepared.model.eval(), prepared.data.dev.inputs
    batch = prepared.codec.inputs.encode(inputs).collate(np.arange(len(inputs)))
    feeds = token_inputs(batch, word_tables(model.embedder))
    (scores,) = session(model, opset).run(feeds, ["scores"])
    check(scores, model.decode(on(batch)).scores, slice(None))


def test_states_that_start_at_random_are_refused():
    from bilstm_nlp.export.graph import Graph

    graph = Graph(OPSETS[0])
    inputs, lengths = graph.input("x", "float32", ["b", "t", 3]), graph.input("n", "int64", ["b"])
    with pytest.raises(InputError, match=r"encoder\.initial_state: expected zeros for an export, found random"):
        encoded(graph, inputs, lengths, Encoder(3, 4, initial_state="random"))


def test_encoder_of_real_size_agrees_on_long_sequences():
    torch.manual_seed(0)
    from bilstm_nlp.export.graph import Graph

    encoder, lengths = Encoder(20, 64, layers=2).eval(), torch.tensor([300, 1, 177])
    graph, values = Graph(OPSETS[0]), torch.randn(3, 300, 20)
    inputs, counts = graph.input("x", "float32", ["b", "t", 20]), graph.input("n", "int64", ["b"])
    model = graph.model({"states": (encoded(graph, inputs, counts, encoder), ["b", "t", 128])})
    feeds = {"x": values.numpy(), "n": lengths.numpy()}
    (states,) = GraphSession(model.SerializeToString()).run(feeds, ["states"])
    with torch.no_grad():
        expected = encoder(Sequences(values, lengths))
    check(states, expected, (torch.arange(300) < lengths[:, None]).numpy())
