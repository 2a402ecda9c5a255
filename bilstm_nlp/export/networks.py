"""The arrays that lie beside a graph: tables of words, scores of chains, and what was fitted after training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.errors import InputError
from bilstm_nlp.export.token_embedder import word_tables
from bilstm_nlp.nn.classification_head import ClassificationHead
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.token_embedder import TokenEmbedder
from bilstm_nlp.tasks.forecasting.graph_network import forecasting_arrays
from bilstm_nlp.tasks.forecasting.torch_network import TorchNetwork
from bilstm_nlp.tasks.graph_step_network import step_arrays


def arrays_beside(model: Model[Any, Any]) -> Mapping[str, AnyArray]:
    """Return the arrays beside the graph of a model, by name."""
    tables = word_tables(model.embedder).arrays() if isinstance(model.embedder, TokenEmbedder) else {}
    return {**tables, **_of_head(model)}


def _of_head(model: Model[Any, Any]) -> Mapping[str, AnyArray]:
    """Return the arrays of the output end. Raises `InputError` for an unknown one."""
    match model.head:
        case CrfHead() | SoftmaxHead() as head:
            return step_arrays(head.crf.chain_scores(), float(head.temperature))
        case ClassificationHead() as head:
            return {"temperature": np.array([float(head.temperature)], np.float32)}
        case RegressionHead():
            return forecasting_arrays(TorchNetwork(model))
        case head:
            raise InputError(f"head: expected one of tags, classes or numbers, found {type(head).__name__}")
