"""A graph of a run's weights that is kept in the run, so that predictions need not make it again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bilstm_nlp.errors import OutputError, RunError
from bilstm_nlp.export.export import check_answers, graph_in, trained_model
from bilstm_nlp.export.networks import arrays_beside
from bilstm_nlp.export.settings import ExportSettings
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.graphs import MADE_OF, is_exported, is_kept, kept_in, weights_digest, write_graph
from bilstm_nlp.runs.provenance import version_of


def keep(run: Path) -> None:
    """Make a graph of a finished run's weights and keep it in the run, unless the run has one, or is an export.

    Raises `InputError` for a run that can't be exported, and `OutputError` if the run can't be written to.
    """
    directory = finished(run)
    if is_exported(directory) or is_kept(directory):
        return
    config, model = trained_model(directory)
    graph = graph_in(directory, config, model, ExportSettings().opset)
    target = kept_in(directory)
    try:
        # complete before it is in its place, since another process may do the same
        partial = RunDirectory(Path(tempfile.mkdtemp(prefix=".onnx.", dir=run)))
    except OSError as error:
        raise OutputError(target.path, error) from error
    try:
        write_graph(partial, graph, arrays_beside(model))
        partial.write_json(MADE_OF, {"weights": weights_digest(directory), "by": version_of("bilstm-nlp")})
        shutil.rmtree(target.path, ignore_errors=True)
        partial.path.rename(target.path)
    except OSError as error:
        if not is_kept(directory):
            raise OutputError(target.path, error) from error
    finally:
        shutil.rmtree(partial.path, ignore_errors=True)
    try:
        check_answers(directory, run, "onnx")
    except RunError:
        shutil.rmtree(target.path, ignore_errors=True)
        raise
