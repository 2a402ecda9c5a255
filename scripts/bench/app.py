"""The benchmark's command line: parse → measure → print."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import torch
import typer

from bilstm_nlp.errors import InputError

from . import classification, corpora, crf, forecasting, ner, predict, start
from .corpora import Corpora
from .report import Environment, Report, as_json, environment, show

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Threads = Annotated[int | None, typer.Option(help="Threads of torch; by default as many as it takes.", min=1)]
Rounds = Annotated[int, typer.Option(help="Rounds in which ours and the reference take turns.", min=1)]
Steps = Annotated[int, typer.Option(help="Batches of a round.", min=1)]
Train = Annotated[Path | None, typer.Option(help="CoNLL-2003's training file; by default the sample corpus.")]
Dev = Annotated[Path | None, typer.Option(help="CoNLL-2003's development file; goes with --train.")]
Vectors = Annotated[Path | None, typer.Option(help="Word vectors; by default random ones.")]
Run = Annotated[Path | None, typer.Option(help="A trained run; by default one trained for a moment.")]
Against = Annotated[str, typer.Option(help="Peers to measure against, separated by commas.")]


def main() -> None:
    """Run the command line. A request that can't be met becomes a message and exit status 2."""
    try:
        app()
    except InputError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)


@app.command("ner")
def ner_row(
    train: Train = None,
    dev: Dev = None,
    vectors: Vectors = None,
    steps: Steps = 60,
    rounds: Rounds = 9,
    threads: Threads = None,
    against: Against = "lstm",
    precision: Annotated[str, typer.Option(help="Precision of our training steps, fp32 or bf16.")] = "fp32",
    json: AsJson = False,
) -> None:
    """Training steps and tagging of configs/ner/conll2003.toml beside a bare LSTM in fp32."""
    check_peers("ner", against, ["lstm"])
    where = use(threads)
    with on_corpora(train, dev, vectors) as (files, _):
        tell("ner", ner.measure(files, precision, steps=steps, rounds=rounds), where, json)


@app.command("classification")
def classification_row(
    config: Annotated[
        Path | None, typer.Option(help="A classifier's TOML file; by default that of the sample.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE of the config, such as data.train=FILE; repeatable.")
    ] = None,
    steps: Steps = 60,
    rounds: Rounds = 9,
    threads: Threads = None,
    against: Against = "lstm",
    json: AsJson = False,
) -> None:
    """Training steps and answers of a classifier of texts beside a bare LSTM."""
    check_peers("classification", against, ["lstm"])
    where = use(threads)
    file = config or Path("sample:classification")
    tell("classification", classification.measure(file, overrides or [], steps=steps, rounds=rounds), where, json)


@app.command("crf")
def crf_row(
    lengths: Annotated[
        list[int] | None, typer.Option("--length", help="T; repeatable; by default 10, 40, 200.")
    ] = None,
    tags: Annotated[list[int] | None, typer.Option("--tags", help="K; repeatable; by default 9, 17, 70.")] = None,
    sentences: Annotated[
        list[int] | None, typer.Option("--batch", help="B; repeatable; by default 1, 32, 256.")
    ] = None,
    rounds: Rounds = 5,
    threads: Threads = None,
    against: Against = "torchcrf",
    json: AsJson = False,
) -> None:
    """Likelihood with backward, and decoding, of the linear-chain CRF beside torchcrf."""
    check_peers("crf", against, ["torchcrf"])
    where = use(threads)
    sizes = lengths or [10, 40, 200], tags or [9, 17, 70], sentences or [1, 32, 256]
    tell("crf", crf.measure(lengths=sizes[0], tags=sizes[1], sentences=sizes[2], rounds=rounds), where, json)


@app.command("forecasting")
def forecasting_row(
    series: Annotated[Path | None, typer.Option(help="ETTh1.csv; by default the sample series.")] = None,
    steps: Steps = 12,
    rounds: Rounds = 9,
    threads: Threads = None,
    against: Against = "lstm",
    json: AsJson = False,
) -> None:
    """Training steps of configs/forecasting/etth1-96.toml beside a bare LSTM."""
    check_peers("forecasting", against, ["lstm"])
    where = use(threads)
    tell("forecasting", forecasting.measure(series, steps=steps, rounds=rounds), where, json)


@app.command("predict")
def predict_row(
    run: Run = None,
    train: Train = None,
    dev: Dev = None,
    vectors: Vectors = None,
    sentences: Annotated[int, typer.Option(help="Sentences of the file that is tagged.", min=2)] = 100_000,
    megabytes: Annotated[
        int | None, typer.Option(help="Tag a file of so many MB too, and look at its memory along the way.", min=1)
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="`predict --jobs`; not given where it is not given here.")] = None,
    rounds: Rounds = 3,
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Tokens a second of `bilstm-nlp predict`, and its memory."""
    where = use(threads)
    with on_corpora(train, dev, vectors) as (files, folder):
        command = predict.CommandLine(run or corpora.trained(files, folder), folder, jobs, threads)
        tell(
            "predict", predict.measure(command, files, count=sentences, megabytes=megabytes, rounds=rounds), where, json
        )


@app.command("export")
def export_row(
    run: Run = None,
    train: Train = None,
    dev: Dev = None,
    vectors: Vectors = None,
    sentences: Annotated[int, typer.Option(help="Sentences of the file that is tagged.", min=2)] = 20_000,
    single: Annotated[int, typer.Option(help="Sentences that are tagged one at a time.", min=1)] = 500,
    jobs: Annotated[int | None, typer.Option(help="`predict --jobs`; not given where it is not given here.")] = None,
    rounds: Rounds = 3,
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Tagging by exports in 32 and in 8 bits, beside the run in torch."""
    from . import export  # needs the extra export

    where = use(threads)
    with on_corpora(train, dev, vectors) as (files, folder):
        command = predict.CommandLine(run or corpora.trained(files, folder), folder, jobs, threads)
        report = export.measure(command, files, count=sentences, single=single, rounds=rounds)
        tell("export", report, where, json)


@app.command("start")
def start_row(
    run: Run = None,
    train: Train = None,
    dev: Dev = None,
    vectors: Vectors = None,
    megabytes: Annotated[int, typer.Option(help="Size of the vectors file that is loaded.", min=1)] = 250,
    rounds: Rounds = 5,
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Seconds until help, until a first prediction, and for word vectors."""
    where = use(threads)
    with on_corpora(train, dev, vectors) as (files, folder):
        model = run or corpora.trained(files, folder)
        tell("start", start.measure(model, folder, megabytes=megabytes, threads=threads, rounds=rounds), where, json)


@contextmanager
def on_corpora(train: Path | None, dev: Path | None, vectors: Path | None) -> Iterator[tuple[Corpora, Path]]:
    """Give the corpora to measure on, and a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        yield corpora.corpora(train, dev, vectors, Path(name)), Path(name)


def check_peers(row: str, asked: str, possible: Sequence[str]) -> None:
    """Check the name of the reference. Raises `InputError` for a reference that can't be measured here."""
    for peer in asked.split(","):
        if peer not in possible:
            raise InputError(f"--against: expected {', '.join(possible)} for {row}, found {peer!r}")


def use(threads: int | None) -> Environment:
    """Set torch's number of threads, by default torch's own. Return a description of the machine."""
    if threads is not None:
        torch.set_num_threads(threads)
    return environment()


def tell(benchmark: str, report: Report, where: Environment, as_one_object: bool) -> None:
    """Print a row's report."""
    if as_one_object:
        print(as_json(benchmark, report, where))
    else:
        show(benchmark, report, where)
