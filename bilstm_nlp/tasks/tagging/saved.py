"""The tagger of saved files: its codec and formats, around a network of any engine. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.tagging.predictor import Tagger


@dataclass(frozen=True)
class SavedTagger:
    """All of a saved tagger but its network."""

    config: TaggingConfig
    codec: TaggingCodec
    scores: Mapping[str, float]
    """F1 or accuracy by the name of the corpus, of those corpora that have it."""

    @classmethod
    def of(
        cls, config: TaggingConfig, codec: dict[str, Any], arrays: Mapping[str, AnyArray], results: Mapping[str, Any]
    ) -> Self:
        """Read the content of codec.json, codec.safetensors and metrics.json. Raises `RunError` for a damaged codec."""
        restored = TaggingCodec.from_json(codec, arrays)
        if config.data.tokenizer is not None:  # a package's, or one that was given after training
            restored = replace(restored, cut=Cut(module=config.data.tokenizer))
        return cls(config, restored, _scores(results))

    def around(self, network: TaggingNetwork) -> Tagger:
        """Return the tagger with a network."""
        return Tagger(network, self.codec, column_format(self.config), self.scores)


def _scores(results: Mapping[str, Any]) -> dict[str, float]:
    """Return F1 or accuracy by the name of the corpus, of those corpora that have it."""
    parts = {name: part for name, part in results.items() if isinstance(part, dict)}
    scores = {name: part.get("f1", part.get("accuracy")) for name, part in parts.items()}
    return {name: score for name, score in scores.items() if isinstance(score, float)}
