"""The layers of a forecaster are those of its config, sized by the codec."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.series.layout import LARGEST, LARGEST_UNSCALED
from bilstm_nlp.nn.channels import IndependentChannels, JointChannels
from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling
from bilstm_nlp.nn.regression_head import AbsoluteError, HuberError, PinballError, SquaredError
from bilstm_nlp.nn.series_embedder import PatchReader, StepReader
from bilstm_nlp.tasks.forecasting.data import table_format
from bilstm_nlp.tasks.forecasting.model import model
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, config, fitted


def made(folder, **tables: object):
    """Make the model of a config with other tables, for two targets and a column known ahead."""
    prepared = fitted(folder, known=["holiday"])[0]
    values = prepared.config.model_dump() | tables
    return model(type(prepared.config).model_validate(values), prepared.codec.series)


@pytest.mark.parametrize(
    ("objective", "kind"),
    [
        ({"kind": "mse"}, SquaredError),
        ({"kind": "mae"}, AbsoluteError),
        ({"kind": "huber", "delta": 0.5}, HuberError),
        ({"kind": "quantile", "levels": [0.1, 0.5, 0.9]}, PinballError),
    ],
)
def test_the_config_chooses_the_objective(tmp_path, objective, kind):
    head = made(tmp_path, head={"objective": objective}).head
    assert isinstance(head.objective, kind)
    assert getattr(head.objective, "delta", 0.5) == 0.5
    assert head.decoder.horizon == HORIZON


@pytest.mark.parametrize(
    ("pooling", "kind"),
    [("last", LastPooling), ("both-ends", BothEndsPooling), ("mean", MeanPooling), ("attention", AttentionPooling)],
)
def test_the_config_chooses_the_pooling(tmp_path, pooling, kind):
    assert isinstance(made(tmp_path, head={"pooling": pooling}).head.pooling, kind)


@pytest.mark.parametrize(("channels", "kind"), [("joint", JointChannels), ("independent", IndependentChannels)])
@pytest.mark.parametrize(
    ("reader", "reader_kind"),
    [({"kind": "steps"}, StepReader), ({"kind": "patches", "length": 6, "stride": 3, "size": 5}, PatchReader)],
)
def test_the_config_chooses_channels_and_reader(tmp_path, channels, kind, reader, reader_kind):
    own = made(tmp_path, input={"channels": channels, "reader": reader})
    assert isinstance(own.embedder.channels, kind)
    assert isinstance(own.embedder.reader, reader_kind)
    assert own.encoder.dropouts[0].dropped == 0


def test_a_bypass_maps_look_back_to_horizon(tmp_path):
    assert made(tmp_path, head={"bypass": {"kind": "none"}}).head.bypass is None
    projection = made(tmp_path, head={"bypass": {"kind": "linear"}}).head.bypass.projection
    assert (projection.in_features, projection.out_features) == (LOOK_BACK, HORIZON)


def test_the_format_has_the_spelling_of_the_config(tmp_path):
    spelling = {"date_format": "%d.%m.%Y", "timezone": "Europe/Berlin", "decimal": ",", "thousands": "."}
    own = table_format(config(tmp_path, columns=["date", "load"], known=["holiday"], scaler="none", **spelling))
    assert {name: getattr(own, name) for name in spelling} == spelling
    assert (own.names, own.ahead, own.largest) == (("date", "load"), ("holiday",), LARGEST_UNSCALED)
    assert table_format(config(tmp_path)).largest == LARGEST


def test_the_format_has_the_columns_only_if_targets_are_named(tmp_path):
    assert table_format(config(tmp_path, known=["holiday"])).columns is None
    named = table_format(config(tmp_path, targets=["load"], observed=["wind"], known=["holiday"]))
    assert named.columns == ("load", "wind", "holiday")
