"""`bilstm-nlp export`"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import AsJson, Run, Verbosity


def export(
    run: Run,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or an export to replace.")],
    int8: Annotated[
        bool,
        typer.Option(
            "--int8",
            help="Round the weights of LSTM layers to 8 bits, which is faster and smaller, and score the result on the "
            "development data of the config.",
        ),
    ] = False,
    opset: Annotated[int, typer.Option(metavar="N", help="Version of ONNX's operators, 17 to 21.")] = 17,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="With --int8: refuse to lose more than X points of F1 or accuracy, or X % of a forecaster's mean "
            "absolute error. Default: 0.1 points, 1 %.",
            min=0,
        ),
    ] = None,
    as_json: AsJson = False,
    verbosity: Verbosity = None,
) -> None:
    """Write a trained run as a folder that predicts by ONNX Runtime, without torch. The graph must answer the recorded
    inputs of the run as the run does. All commands that predict and score take the folder as they take a run."""
    from bilstm_nlp.cli import console
    from bilstm_nlp.errors import InputError
    from bilstm_nlp.export.settings import ExportSettings
    from bilstm_nlp.tasks.graph_session import check_installed

    if tolerance is not None and not int8:
        raise InputError("--tolerance: expected --int8 beside it, found none")
    settings = ExportSettings(opset, int8, tolerance)
    check_installed("onnx", "onnxruntime")
    with Activity(f"exporting {run}"):
        from bilstm_nlp.export import export as exports

        exported = exports.export(run, out, settings)
    console.print_result(as_json, exported.as_json(), [exported.section()])
