"""The card of an exported model, as README.md of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.config import Config, flat
from bilstm_nlp.export.scores import DevelopmentScore
from bilstm_nlp.reports.markdown import markdown_section, markdown_table
from bilstm_nlp.reports.sections import Picture, Section
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.graph_registry import method_of
from bilstm_nlp.tasks.graph_session import GraphSession
from bilstm_nlp.tasks.registry import build


@dataclass(frozen=True)
class Card:
    """The facts of an exported model."""

    name: str
    config: Config
    results: Mapping[str, Any]
    """The content of metrics.json."""
    predictor: Predictor
    graph: GraphSession
    score: DevelopmentScore | None


def card(facts: Card) -> str:
    """Write the card: what the model is, how to use it, its scores, and its settings."""
    task = facts.config.task
    parts = [
        f"# {facts.name}",
        f"`{facts.predictor!r}`",
        f"A model of the task {task}, trained and exported by bilstm-nlp. It runs in ONNX Runtime, without torch.",
        "## Use",
        f"    bilstm-nlp predict {facts.name} INPUT\n    bilstm-nlp verify {facts.name}",
        f'    import bilstm_nlp\n    model = bilstm_nlp.load("{facts.name}")\n    model.{method_of(facts.config)}(…)',
        "From other languages, `model.onnx` has these inputs and outputs:",
        markdown_table(("", "shape"), [*_shapes(facts.graph.inputs), *_shapes(facts.graph.outputs)]),
    ]
    if facts.score is not None:
        parts += ["## 8 bits", _beside(facts.score)]
    results = {name: part for name, part in facts.results.items() if name != "training"}
    parts += map(markdown_section, map(_without_pictures, build(facts.config).report(results)))
    rows = [(key, str(value)) for key, value in flat(facts.config.model_dump(mode="json")).items()]
    parts += ["## Settings", markdown_table(("key", "value"), rows)]
    return "\n\n".join(parts) + "\n"


def _shapes(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and shapes as cells."""
    return [(name, f"({', '.join(map(str, shape))})") for name, shape in values.items()]


def _beside(score: DevelopmentScore) -> str:
    """Put the scores of 8 bits beside those of 32 bits."""
    table = score.table()
    return (
        "The weights of LSTM layers have 8 bits. Answers depend a little on the other inputs of a batch, which are "
        "rounded together. The scores in the sections below are those of the run, with 32 bits.\n\n"
        f"{markdown_table(table.header, table.rows)}"
    )


def _without_pictures(section: Section) -> Section:
    """Leave out pictures, which an export does not have."""
    return Section(section.title, [part for part in section.parts if not isinstance(part, Picture)])
