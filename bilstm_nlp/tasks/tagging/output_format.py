"""The output formats of a tagger: the writer of each, and what stands before, between and after its sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

from bilstm_nlp.data.text import annotation_output, brat_folder, docbin_file
from bilstm_nlp.data.text.output import CSV_HEADER, OutputFormat, TaggedSentence, writer
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.request import Request

Write = Callable[[int, TaggedSentence], str]


class Frame(NamedTuple):
    """What stands around the sentences of an output."""

    header: str = ""
    footer: str = ""


def writer_of(kind: OutputFormat, types: Sequence[str]) -> Write:
    """Return the function (number of the sentence from 1, sentence) → its text in a format."""
    match kind:
        case "text" | "conll" | "jsonl" | "csv":
            return writer(kind)
        case "html":
            from bilstm_nlp.tasks.tagging import marked_page

            return marked_page.writer(types)
        case "doccano":
            return annotation_output.as_doccano
        case "label-studio":
            return annotation_output.as_label_studio
        case "spacy":
            return annotation_output.as_spacy
        case "docbin":
            return docbin_file.as_docbin
        case "brat":
            return annotation_output.as_brat
        case _:
            assert_never(kind)


def frame_of(kind: OutputFormat, types: Sequence[str], source: str, reads: str) -> Frame:
    """Return what stands around the sentences of an input, which is read in the format `reads`."""
    match kind:
        case "text" | "conll" | "jsonl" | "doccano" | "docbin":
            return Frame()
        case "csv":
            return Frame(CSV_HEADER)
        case "html":
            from bilstm_nlp.tasks.tagging import marked_page

            return Frame(marked_page.head(source, types), marked_page.FOOTER)
        case "label-studio" | "spacy":
            return Frame("[\n", "\n]\n")
        case "brat":
            return Frame(brat_folder.header(source, reads, types))
        case _:
            assert_never(kind)


def separator_of(kind: OutputFormat) -> str:
    """Return what stands between two sentences."""
    return ",\n" if kind in ("label-studio", "spacy") else ""


def per_sentence(kind: OutputFormat) -> bool:
    """Tell whether a format has each sentence of a text alone. Others have the whole text."""
    return kind in ("text", "conll")


def skips_blank(kind: OutputFormat) -> bool:
    """Tell whether a format leaves sentences without tokens out: annotation tools refuse them."""
    return kind in ("doccano", "label-studio", "spacy", "docbin")


def check_options(kind: OutputFormat, request: Request) -> None:
    """Raise `InputError` for options whose results a format has no place for."""
    if request.nbest and request.split and kind != "text":
        raise InputError(f"--nbest: expected --format text beside --split, found {kind}, which has texts as a whole")
    if request.attention and request.split:
        raise InputError("--attention: expected sentences without --split, found --split")
    if request.nbest and kind not in ("text", "jsonl", "csv"):
        reason = "which has one tag a token" if kind == "conll" else "which has one reading a sentence"
        raise InputError(f"--nbest: expected --format text, jsonl or csv, found {kind}, {reason}")
    if request.nbest and request.confidence and kind != "jsonl":
        raise InputError(f"--confidence: expected --format jsonl beside --nbest, found {kind}")
    if request.nbest and request.min_confidence:
        raise InputError("--min-confidence: expected no --nbest beside it, whose sequences have no entities left out")
    if request.confidence and kind in ("doccano", "spacy", "docbin"):
        raise InputError(f"--confidence: expected a format with a place for it, such as jsonl, found {kind}")
