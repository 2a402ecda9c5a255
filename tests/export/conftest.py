"""Exported folders that tests share."""

from __future__ import annotations

import pytest

from tests.conftest import made_once


@pytest.fixture(scope="session")
def exported_tagger(tagger_run, tmp_path_factory):
    """The small tagger, exported. Tests must not change it."""
    from bilstm_nlp.export.export import export
    from bilstm_nlp.export.settings import ExportSettings

    return made_once(tmp_path_factory, "exported", lambda path: export(tagger_run, path, ExportSettings()))


@pytest.fixture(scope="session")
def exported_forecaster(forecaster_run, tmp_path_factory):
    """The small forecaster, exported. Tests must not change it."""
    from bilstm_nlp.export.export import export
    from bilstm_nlp.export.settings import ExportSettings

    return made_once(tmp_path_factory, "forecasts", lambda path: export(forecaster_run, path, ExportSettings()))


@pytest.fixture(scope="session")
def exported_classifier(classifier_run, tmp_path_factory):
    """The small classifier of messages, exported. Tests must not change it."""
    from bilstm_nlp.export.export import export
    from bilstm_nlp.export.settings import ExportSettings

    return made_once(tmp_path_factory, "classes", lambda path: export(classifier_run, path, ExportSettings()))
