"""Categories as vectors, facts of series, and the columns known ahead that meet them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.categories import AheadReader, CategoryEmbedding, FactEmbedding
from bilstm_nlp.nn.channels import IndependentChannels, JointChannels
from bilstm_nlp.nn.series_embedder import SeriesEmbedder, StepReader
from bilstm_nlp.nn.tensors import on

B, L, H, C = 3, 5, 2, 2


def batch(**changed: object) -> WindowBatch[torch.Tensor]:
    """Make windows of two targets and a further column, with two categories of each row and one of each target."""
    generator = np.random.default_rng(0)
    arrays = {
        "past": generator.normal(size=(B, L, C + 1)).astype(np.float32),
        "level": np.zeros((B, 1, C), np.float32),
        "scale": np.ones((B, 1, C), np.float32),
        "known": generator.normal(size=(B, H, 1)).astype(np.float32),
        "facts": generator.normal(size=(B, C, 4)).astype(np.float32),
        "past_codes": generator.integers(0, 3, (B, L, 2)),
        "known_codes": generator.integers(0, 3, (B, H, 2)),
        "static_codes": generator.integers(0, 4, (B, C, 1)),
    }
    return on(WindowBatch(**arrays | changed))


@pytest.mark.parametrize(("labels", "width"), [(1, 8), (2, 8), (3, 9), (20, 17), (500, 50)])
def test_vectors_grow_with_the_number_of_categories(labels, width):
    table = CategoryEmbedding([labels])
    assert table.outputs == width
    assert table(torch.tensor([[0], [labels]])).shape == (2, width)


@pytest.mark.parametrize("kind", [JointChannels, IndependentChannels], ids=lambda kind: kind.__name__)
def test_steps_have_the_vectors_of_their_categories(kind):
    table = CategoryEmbedding([2, 2])
    channels = kind(C + 1 + table.outputs, C)
    facts = FactEmbedding(channels, 4, [3])
    embedder = SeriesEmbedder(channels, StepReader(channels.features), facts, table)
    windows = batch()
    inputs = embedder(windows).inputs
    assert inputs.shape[1:] == (L, embedder.outputs)
    copies = inputs.shape[0] // B
    vectors = table(windows.past_codes).repeat_interleave(copies, dim=0)
    first = channels.features - table.outputs
    assert torch.equal(inputs[..., first : channels.features], vectors)
    own = torch.cat([windows.facts, facts.table(windows.static_codes)], dim=2)
    flat = own.flatten(1) if copies == 1 else own.flatten(0, 1)
    assert torch.equal(inputs[:, 0, channels.features :], flat)


@pytest.mark.parametrize("kind", [JointChannels, IndependentChannels], ids=lambda kind: kind.__name__)
def test_effect_of_a_known_column_depends_on_the_facts(kind):
    channels = kind(C + 1, C)
    reader = AheadReader(channels, 1, [2, 2], 1, FactEmbedding(channels, 4, [3]))
    windows = batch()
    ahead = reader(windows)
    assert ahead.shape[1:] == (H, reader.outputs)
    raised = reader(batch(known=windows.known.numpy() + 1)) - ahead
    others = batch(static_codes=(windows.static_codes.numpy() + 1) % 4)
    raised_of_others = reader(batch(known=windows.known.numpy() + 1, static_codes=others.static_codes.numpy()))
    assert not torch.allclose(raised, raised_of_others - reader(others), atol=1e-4)


def test_categories_alone_are_appended_to_known_columns():
    channels = JointChannels(C + 1, C)
    reader = AheadReader(channels, 1, [2, 2], 1)
    windows = batch()
    expected = torch.cat([windows.known, reader.table(windows.known_codes)], dim=2)
    assert torch.equal(reader(windows), expected)
