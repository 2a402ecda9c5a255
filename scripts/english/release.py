"""The run that is shipped: the files that predict and verify, without paths of the machine that trained them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.formats.corpus import ColumnFormat, read
from bilstm_nlp.export.kept import keep
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.graphs import BESIDE, kept_in
from bilstm_nlp.runs.load import open_directory
from bilstm_nlp.runs.replay import recording

LARGEST = 15_000_000
"""Bytes of the package."""
WORDS = 61_000
"""Words beyond training that are shipped."""
SOURCES = {
    "Broad Twitter Corpus": (
        "Leon Derczynski, Kalina Bontcheva and Ian Roberts (2016), Broad Twitter Corpus: A Diverse Named Entity "
        "Recognition Resource, COLING",
        "https://github.com/GateNLP/broad_twitter_corpus",
        "CC BY 4.0",
    ),
    "Wikigold": (
        "Dominic Balasuriya, Nicky Ringland, Joel Nothman, Tara Murphy and James R. Curran (2009), Named Entity "
        "Recognition in Wikipedia, People's Web workshop",
        "https://aclanthology.org/W09-3302",
        "CC BY 4.0",
    ),
    "WNUT-17, training and development sections": (
        "Leon Derczynski, Eric Nichols, Marieke van Erp and Nut Limsopatham (2017), Results of the WNUT2017 Shared "
        "Task on Novel and Emerging Entity Recognition",
        "https://github.com/leondz/emerging_entities_17",
        "CC BY 4.0",
    ),
    "The news sample of bilstm_nlp": (
        "The bilstm_nlp authors",
        "https://github.com/bilstm-nlp/bilstm-nlp/tree/main/bilstm_nlp/data/samples",
        "CC0 1.0",
    ),
    "GloVe 6B, 100 dimensions": (
        "Jeffrey Pennington, Richard Socher and Christopher D. Manning (2014), GloVe: Global Vectors for Word "
        "Representation, EMNLP",
        "https://nlp.stanford.edu/projects/glove",
        "PDDL 1.0",
    ),
}
"""What the tagger is made of: authors, place, licence."""
CHANGED = (
    "Tags were changed: MISC, product and creative work became O; person, location, corporation and group became PER, "
    "LOC and ORG; @mentions, titles and nationalities lost their tags. Tokens were joined or cut, and sentences copied "
    "in lower case. The vectors of the most frequent words were rounded, and those of training words trained."
)


def attribution() -> str:
    """Return the sources as Markdown, with their licences and what was changed."""
    rows = [f"- **{name}** ({licence}): {authors}. <{place}>" for name, (authors, place, licence) in SOURCES.items()]
    return "\n".join(["# Attribution", "", "This tagger was trained on", "", *rows, "", CHANGED, ""])


def release(run: Path, target: Path) -> None:
    """Copy a trained run to `target` in half precision, with a graph of its weights, which predicts without torch.

    It records its answers to our own sentences, which replace those of others.
    """
    source = finished(run)
    config = source.read_json("config.json")
    names = _neutral(config)
    shipped = RunDirectory.create(target, _origin(source.origin(), names), force=True)
    shipped.write_json("config.json", config)
    _write_codec(source, shipped)
    shipped.write_arrays("model.safetensors", _halved(source.read_arrays("model.safetensors")))
    shipped.write("history.jsonl", lambda partial: shutil.copyfile(source.path / "history.jsonl", partial))
    results = source.read_json("metrics.json")
    for part in results.values():
        if "source" in part:
            part["source"] = names.get(part["source"], part["source"])
    shipped.finish(results)
    sentences = read("sample:news.dev.conll", ColumnFormat()).sentences[:40:5]
    inputs = [[list(sentence.tokens)] for sentence in sentences]
    shipped.write_json("replay.json", recording(open_directory(shipped).predictor, inputs))
    keep(target)
    graph = kept_in(shipped)
    arrays = graph.read_arrays(BESIDE)
    graph.write_arrays(BESIDE, {**arrays, "words": arrays["words"].astype(np.float16)})


def _write_codec(source: RunDirectory, shipped: RunDirectory) -> None:
    """Write a codec with the most frequent words beyond training, without blanks, which are a third of the file."""
    codec, arrays = source.read_json("codec.json"), source.read_arrays("codec.safetensors")
    codec["words"]["frozen"] = codec["words"]["frozen"][:WORDS]
    shipped.write_text("codec.json", json.dumps(codec, ensure_ascii=False, separators=(",", ":")))
    cut = {name: array[:WORDS] if name in ("frozen", "exponents") else array for name, array in arrays.items()}
    shipped.write_arrays("codec.safetensors", cut)


def _halved(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Round weights to half precision, in which they are saved and not computed."""
    return {name: a.astype(np.float16) if a.dtype == np.float32 else a for name, a in arrays.items()}


def _neutral(config: dict[str, Any]) -> dict[str, str]:
    """Replace the paths of a config by names of files; return the names by path."""
    names: dict[str, str] = {}
    for section, key in (("data", "train"), ("data", "dev"), ("embeddings", "file")):
        path = config[section][key]
        names[path] = config[section][key] = Path(path).name
    return names


def _origin(origin: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the origin of a run with neutral names, and of its machine only the number of threads and the Python."""
    machine = {key: value for key, value in origin["machine"].items() if key in ("threads", "python")}
    data = {names.get(path, path): digest for path, digest in origin["data"].items()}
    return {**origin, "machine": machine, "data": data, "command": "python scripts/make_english.py"}
