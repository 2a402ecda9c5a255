"""The tables of a config, whose schemas are made when they are needed."""

from __future__ import annotations

import pytest

from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.sections import Section
from bilstm_nlp.config.tagging import TaggingConfig

CONFIGS = (TaggingConfig, TextClassificationConfig, SeriesClassificationConfig, LabellingConfig, ForecastingConfig)


def defaults_of(section: type[Section]) -> list[Section]:
    """Return the defaults of a table that are tables, and those within them."""
    tables = [field.default for field in section.model_fields.values() if isinstance(field.default, Section)]
    return [*tables, *(inner for table in tables for inner in defaults_of(type(table)))]


@pytest.mark.parametrize("config", CONFIGS)
def test_defaults_are_as_their_schema_makes_them(config):
    """They are made without a schema, which would check them."""
    tables = defaults_of(config)
    assert tables
    for table in tables:
        assert table == type(table)() == type(table).model_validate(table.model_dump())
