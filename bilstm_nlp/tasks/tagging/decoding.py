"""From a model's paths to entities with exact probabilities: what scoring and prediction share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.data.text.codec import EncodedSentences, Ints, TaggingCodec, plan
from bilstm_nlp.data.text.document_windows import ReadTogether, alone, in_documents
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead, TagPaths
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tags import Span, continuing, spans

TaggingModel = Model[TokenBatch[Tensor], TagPaths]

BATCH_TOKENS = 4096
"""Tokens in a batch when no gradient is needed."""


@dataclass(frozen=True)
class Labelled:
    """A batch of sentences with their best tag sequences and the entities that these spell."""

    chosen: Ints
    """(B,) which sentences."""
    decoded: TagPaths
    tags: list[list[str]]
    """In the training scheme."""
    entities: list[list[Span]]
    weights: Tensor | None = None
    """(B, heads, T, T) of the attention, where they were asked for."""


def head_of(model: TaggingModel) -> CrfHead | SoftmaxHead:
    """The tagging head of a tagging model."""
    assert isinstance(model.head, (CrfHead, SoftmaxHead))
    return model.head


@torch.no_grad()
def label(
    model: TaggingModel,
    codec: TaggingCodec,
    encoded: EncodedSentences,
    *,
    weights: bool = False,
    batch_tokens: int | None = None,
) -> Iterator[Labelled]:
    """Decode sentences in batches of like length; the batches come longest sentences first.

    `weights` asks for those of the attention, which the model must have; without `batch_tokens`, `BATCH_TOKENS`.
    """
    model.eval()
    device = next(model.parameters()).device
    names = np.array(codec.tags, dtype=object)
    together = read_together(codec, encoded)
    for windows in plan(together.lengths, batch_tokens or BATCH_TOKENS):
        chosen, batch = together.sentences(windows), on(together.collate(windows), device)
        decoded, read = model.decode_with_weights(batch) if weights else (model.decode(batch), None)
        rows = names[decoded.paths.cpu().numpy()]
        tags = [row[:length].tolist() for row, length in zip(rows, encoded.lengths[chosen], strict=True)]
        yield Labelled(chosen, decoded, tags, [spans(row, codec.scheme) for row in tags], read)


def read_together(
    codec: TaggingCodec, encoded: EncodedSentences, generator: np.random.Generator | None = None
) -> ReadTogether:
    """Sentences in the windows that the codec's taggers read; with a generator, cut in another way each time."""
    return in_documents(encoded, codec.context, generator) if codec.context else alone(encoded)


def entities_of_each(batches: Iterable[Labelled], sentences: int) -> list[list[Span]]:
    """The entities found in each of so many sentences, in their order."""
    entities: list[list[Span]] = [[]] * sentences
    for labelled in batches:
        for index, found in zip(labelled.chosen.tolist(), labelled.entities, strict=True):
            entities[index] = found
    return entities


def confidences(
    head: CrfHead | SoftmaxHead, codec: TaggingCodec, labelled: Labelled, temperature: float | None = None
) -> NDArray[np.float64]:
    """(N,) P(span, type | sentence) of all entities found in a batch, sentence by sentence."""
    return probabilities(head, codec, labelled, labelled.entities, temperature)


@torch.no_grad()
def probabilities(
    head: CrfHead | SoftmaxHead,
    codec: TaggingCodec,
    labelled: Labelled,
    entities: Sequence[Sequence[Span]],
    temperature: float | None = None,
) -> NDArray[np.float64]:
    """(N,) P(span, type | sentence) of any entities in the sentences of a batch, sentence by sentence.

    Exact: the share of all tag sequences' probability held by those that have this entity, no longer and no shorter; 0
    where the codec does not know its type. The head's own temperature, unless another is given.
    """
    found = [(row, span) for row, spans_of_row in enumerate(entities) for span in spans_of_row]
    if not found:
        return np.empty(0)
    device = labelled.decoded.mask.device
    row, start, end = torch.tensor([(row, span.start, span.end) for row, span in found], device=device).T
    types = np.array([span.type for _, span in found])
    posterior = head.crf.posterior(
        labelled.decoded.emissions,
        labelled.decoded.mask,
        temperature=float(head.temperature) if temperature is None else temperature,
    )
    log_probabilities = posterior.span_log_probabilities(
        row, start, end, torch.from_numpy(types[:, None] == types_of(codec)).to(device), continuation(codec).to(device)
    )
    return log_probabilities.double().exp().cpu().numpy()


def absences(
    head: CrfHead | SoftmaxHead, codec: TaggingCodec, labelled: Labelled, runs: Sequence[tuple[int, Span]]
) -> NDArray[np.float64]:
    """(N,) P(no entity is at any token of the span | sentence) for (row of the batch, span), exact."""
    if not runs:
        return np.empty(0)
    device = labelled.decoded.mask.device
    row, start, end = torch.tensor([(row, span.start, span.end) for row, span in runs], device=device).T
    posterior = head.crf.posterior(
        labelled.decoded.emissions, labelled.decoded.mask, temperature=float(head.temperature)
    )
    log_probabilities = posterior.run_log_probabilities(row, start, end, codec.tags.index("O"))
    return log_probabilities.double().exp().cpu().numpy()


def types_of(codec: TaggingCodec) -> NDArray[np.str_]:
    """(K,) the type of each tag; empty for O."""
    return np.array([tag.partition("-")[2] for tag in codec.tags])


def continuation(codec: TaggingCodec) -> Tensor:
    """(K, K) bool: whether the second tag, right after the first, goes on with its entity."""
    return torch.tensor([[tag in continuing(last, codec.scheme) for tag in codec.tags] for last in codec.tags])
