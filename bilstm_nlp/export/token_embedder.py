"""The input end for text as nodes of a graph.

All that depends on a token's form alone is computed once for each distinct form, and then looked up for each token.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from bilstm_nlp.export.graph import Graph, Value
from bilstm_nlp.export.recurrence import recurrence
from bilstm_nlp.nn.token_embedder import CharacterCnn, CharacterLstm, TokenEmbedder, WordVectors
from bilstm_nlp.tasks.graph_inputs import WordTables

SHORT = 10
"""Characters of most forms, at most."""
LOWEST = float(np.finfo(np.float32).min) / 2
"""A number that stays finite when another is added."""


def embedded_tokens(graph: Graph, embedder: TokenEmbedder) -> tuple[Value, Value]:
    """Add the inputs and nodes of an embedder: (B, T, outputs) inputs of the encoder, and (B,) lengths.

    Vectors of words and pairs are inputs of the graph: their tables lie beside it.
    """
    forms = [graph.input("vectors", "float32", ["forms", embedder.words.outputs])]
    if embedder.characters is not None:
        characters = graph.input("characters", "int64", ["forms", "characters"])
        forms.append(_spelled(graph, characters, embedder.characters))
    shapes = []
    if embedder.shapes is not None:
        shapes.append(graph.rows(graph.weight(embedder.shapes.weight), graph.input("shapes", "int64", ["forms"])))
    distinct = graph.input("distinct", "int64", ["sentences", "tokens"])
    lengths = graph.input("lengths", "int64", ["sentences"])
    if embedder.bigrams is None:
        parts = [graph.rows(graph.concatenated(forms + shapes, 1), distinct)]
    else:  # pairs stand between spellings and shapes
        parts = [graph.rows(graph.concatenated(forms, 1), distinct)]
        parts.append(graph.input("pairs", "float32", ["sentences", "tokens", embedder.bigrams.outputs]))
        parts += [graph.rows(table, distinct) for table in shapes]
    if len(embedder.columns):
        values = graph.input("values", "int64", ["sentences", "tokens", len(embedder.columns)])
        for number, column in enumerate(embedder.columns):
            assert isinstance(column, WordVectors)
            rows = graph.squeezed(graph.part(values, 2, number, number + 1), 2)
            parts.append(graph.rows(graph.weight(column.table.weight), rows))
    if embedder.features:
        parts.append(graph.input("features", "float32", ["sentences", "tokens", embedder.features]))
    return graph.concatenated(parts, 2), lengths


def word_tables(embedder: TokenEmbedder) -> WordTables:
    """Return the tables that lie beside the graph of an embedder."""
    pairs = None if embedder.bigrams is None else _array(embedder.bigrams.table.weight)
    return WordTables(_array(embedder.words.table.weight), _array(embedder.words.frozen), pairs)


def _array(values: Tensor) -> NDArray[Any]:
    """Return a tensor's numbers."""
    return values.detach().cpu().numpy()


def _spelled(graph: Graph, characters: Value, layer: CharacterCnn | CharacterLstm) -> Value:
    """(U, C) characters → (U, outputs)"""
    if isinstance(layer, CharacterCnn):
        return _convolved(graph, characters, layer)
    real = graph.cast(graph.node("Greater", [characters, graph.integer(0)]), "int64")
    lengths = graph.node("Max", [graph.total(real, 1), graph.integer(1)])  # (U,)
    steps = graph.transposed(_embedded(graph, characters, layer.embedding), (1, 0, 2))
    weights = [[getattr(layer.recurrence, name) for name in _names(end)] for end in ("", "_reverse")]
    _, last = recurrence(graph, steps, graph.cast(lengths, "int32"), weights, "lstm")
    return graph.reshaped(graph.transposed(last, (1, 0, 2)), (0, -1))


def _names(end: str) -> list[str]:
    """Name the weights of a direction of torch's LSTM."""
    return [f"{kind}_l0{end}" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def _convolved(graph: Graph, characters: Value, layer: CharacterCnn) -> Value:
    """(U, C) characters → (U, F): the maximum over the windows with a character.

    A filter's response is a sum of a summand for each position of the window, and a summand depends on one character
    alone. So rows of a table are added, which takes a fraction of the time of a convolution. Few forms are long: the
    windows from `SHORT` characters on are computed for those alone.
    """
    width, count = layer.convolution.kernel_size[0], layer.embedding.num_embeddings
    beside, bias = width - 1, layer.convolution.bias
    assert bias is not None
    summands = np.einsum("ce,few->wcf", _array(layer.embedding.weight), _array(layer.convolution.weight))
    tables = np.concatenate([summands, summands[:, :1]], 1)  # before a form stands padding, of a number of its own
    tables[0, 0] = LOWEST  # at the first position: a window of padding alone
    values = [graph.weight(table) for table in tables]

    def largest(padded: Value) -> Value:
        """(N, P + width - 1) characters → (N, F): the maximum over P windows."""
        rows = [
            graph.rows(table, graph.part(padded, 1, position, position - beside or None))
            for position, table in enumerate(values)
        ]
        return graph.largest(reduce(lambda first, second: graph.node("Add", [first, second]), rows), 1)

    before = graph.node("Pad", [characters, graph.ints([0, beside, 0, 0]), graph.integer(count)])
    padded = graph.node("Pad", [before, graph.ints([0, 0, 0, beside + SHORT + 1])])
    short = largest(graph.part(padded, 1, 0, SHORT + 2 * beside))
    further = graph.part(padded, 1, SHORT + beside)
    (places,) = graph.nodes("NonZero", [graph.squeezed(graph.part(further, 1, 0, 1), 1)], None, 1)
    long = graph.squeezed(places, 0)
    both = graph.node("Max", [graph.rows(short, long), largest(graph.rows(further, long))])
    merged = graph.node("ScatterND", [short, graph.unsqueezed(long, 1), both])
    return graph.node("Add", [merged, graph.weight(bias)])


def _embedded(graph: Graph, characters: Value, table: nn.Embedding) -> Value:
    """(U, C) characters → (U, C, E)"""
    return graph.rows(graph.weight(table.weight), characters)
