"""The corpora that a tagger's config names: read, their tags checked, all in one scheme."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bilstm_nlp.config.corpora import DevShare, files_of
from bilstm_nlp.config.tagging import TaggingData
from bilstm_nlp.data.lines import Complain, stop, suggestion
from bilstm_nlp.data.remarks import Note, ignore
from bilstm_nlp.data.text.cut_learning import learn_cut
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, TaggedCorpus, checked, converted, read_all
from bilstm_nlp.data.text.formats.corpus_parts import cut_off, fraction_of, hold_out
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Scheme, TagReading
from bilstm_nlp.tasks.tagging.schemes import recognised, retagged, unused_entries

logger = logging.getLogger(__name__)

Files = str | tuple[str, ...]
"""A source, or several that are one corpus."""
LOOKED_FOR = "a relative path is looked for in the current folder, then beside the config"
REPAIRS_SHOWN = 3
"""Repaired tags that a warning lists."""


@dataclass(frozen=True)
class Corpora:
    """The parts of the data, with legal tags in one scheme."""

    train: TaggedCorpus
    dev: TaggedCorpus
    test: TaggedCorpus | None
    scheme: Scheme
    cut: Cut
    """The cut of plain text, as in the training corpus."""


class CorpusLoader:
    """A reader of corpora, with the settings of a config's data section."""

    def __init__(self, config: TaggingData, format: ColumnFormat, seed: int) -> None:
        """`format`: the columns and the encoding of the files. `seed`: that of the run."""
        self.config, self.format, self.seed = config, format, seed
        self.reading = TagReading(config.tag_map, config.tag_format)
        self.repair = config.on_invalid_tags == "repair"

    def load(self, cut: Cut | None = None) -> Corpora:
        """Read all parts. An unknown tag scheme is detected from the whole training corpus.

        Plain text is cut as the config says, else as `cut`, that of a trained tagger, else as the training sentences.
        """
        config = self.config
        self._say_trained_on()
        train = self._read_unmapped(config.train, config.file_scheme)
        for entry in unused_entries(train, self.reading):
            logger.warning("%s: data.tag_map renames %r, which no tag is", train.source, entry)
        train = self._mapped(train)
        if config.file_scheme == "auto":
            recognition = recognised(train, repair=self.repair)
            if recognition.refusal is not None:
                raise recognition.refusal
            logger.info("tag scheme of %s: %s", train.source, recognition.detection.explanation)
            for remark in recognition.remarks:
                logger.warning("%s", remark)
            scheme: Scheme = recognition.detection.scheme
        else:
            scheme = config.file_scheme
        train = self._checked(train, scheme)
        dev = None
        if isinstance(config.dev, DevShare):
            train, dev = self._cut(train, config.dev)
        train = self._without_held_out_fold(fraction_of(train, config.fraction))
        if cut is None or config.tokenizer is not None:
            cut = self.cut_of(train.sentences)
        return Corpora(
            train,
            self.read_in_scheme_of_training(config.dev, scheme, cut) if dev is None else dev,
            self.read_in_scheme_of_training(config.test, scheme, cut) if config.test else None,
            scheme,
            cut,
        )

    def _say_trained_on(self) -> None:
        """Warn of files of the development and test corpora that the training corpus has, too."""
        trained_on = files_of(self.config.train)
        for name, part in (("dev", self.config.dev), ("test", self.config.test)):
            for file in () if part is None or isinstance(part, DevShare) else files_of(part):
                if file in trained_on:
                    message = "data.%s: %s is in data.train, too: its scores are those of sentences trained on"
                    logger.warning(message, name, file)

    def cut_of(self, sentences: Sequence[Sentence]) -> Cut:
        """Return the config's cut of plain text, or learn it from training sentences."""
        return learn_cut(sentences) if self.config.tokenizer is None else self.format.cut

    def read_in_scheme_of_training(self, source: Files | DevShare, scheme: Scheme, cut: Cut | None) -> TaggedCorpus:
        """Read a development or test corpus, with its tags in `scheme`, that of the training corpus.

        If all its tags fit a scheme of their own and break `scheme`, they are converted. A `file_scheme` that is set
        after training is that of this corpus.
        """
        if isinstance(source, DevShare):
            # Cut as the training corpus is when it is read for a training.
            return self._cut(self.read_in_scheme_of_training(self.config.train, scheme, None), source)[1]
        declared = self.config.file_scheme
        corpus = self.read(source, scheme if declared == "auto" else declared, cut=cut)
        if declared != "auto":
            return self._converted(self._checked(corpus, declared), declared, scheme)
        if scheme == "plain":
            return self._checked(corpus, scheme)
        recognition = recognised(corpus, repair=self.repair)
        if recognition.refusal is not None:
            raise recognition.refusal
        own = recognition.detection.scheme_or(scheme)
        if own != scheme:
            message = "%s: its tags are in %s, the training corpus's in %s; converted"
            logger.warning(message, corpus.source, own, scheme)
        return self._converted(self._checked(corpus, own), own, scheme)

    def _converted(self, corpus: TaggedCorpus, own: Scheme, scheme: Scheme) -> TaggedCorpus:
        """Convert tags to another scheme. Raises `DataError` where one of the two is plain: labels are no segments."""
        if own != scheme and "plain" in (own, scheme):
            raise DataError(corpus.source, f"tags in the scheme of training, {scheme}", f"data.file_scheme = {own}")
        return converted(corpus, own, scheme)

    def read(
        self,
        source: Files,
        scheme: Scheme | Literal["auto"],
        complain: Complain = stop,
        note: Note | None = None,
        cut: Cut | None = None,
    ) -> TaggedCorpus:
        """Read a corpus in the config's format, with its tags mapped.

        Spans of characters become tags of `scheme`, of IOB2 for `auto`. `cut`: that of text without tokens; by default
        the config's.
        """
        return self._mapped(self._read_unmapped(source, scheme, complain, note, cut), complain)

    def _read_unmapped(
        self,
        source: Files,
        scheme: Scheme | Literal["auto"],
        complain: Complain = stop,
        note: Note | None = None,
        cut: Cut | None = None,
    ) -> TaggedCorpus:
        spans_as: Scheme = "IOB2" if scheme == "auto" else scheme
        format = replace(self.format, spans_as=spans_as, cut=cut or self.format.cut)
        files = files_of(source)
        for file in files:
            if not (file.startswith(("hf:", "sample:")) or file == "-" or Path(file).exists()):
                hint = f"; {LOOKED_FOR}" if source in (self.config.train, self.config.dev, self.config.test) else ""
                raise DataError(file, "a file", f"nothing there{suggestion(file)}{hint}")
        return read_all(files, format, complain, note)

    def read_part(
        self, source: Files | DevShare, scheme: Scheme | Literal["auto"], complain: Complain, note: Note
    ) -> TaggedCorpus:
        """Read a part of the data for its inspection: of the training corpus, what is not cut off it."""
        dev = self.config.dev
        if isinstance(source, DevShare):
            whole = self.read(self.config.train, scheme, lambda error: None, ignore)
            return self._cut(whole, source)[1]
        corpus = self.read(source, scheme, complain, note)
        return self._cut(corpus, dev)[0] if isinstance(dev, DevShare) and source == self.config.train else corpus

    def _cut(self, train: TaggedCorpus, dev: DevShare) -> tuple[TaggedCorpus, TaggedCorpus]:
        """Cut the development corpus off the training corpus. Raises `DataError` if one of the two would be empty."""
        return cut_off(train, dev.share, self.seed if dev.seed is None else dev.seed)

    def _mapped(self, corpus: TaggedCorpus, complain: Complain = stop) -> TaggedCorpus:
        """Read the tags by the config's map and format."""
        mapped, repairs = retagged(corpus, self.reading, complain, repair=self.repair)
        if repairs:
            logger.warning(
                "%s: %d sentences with tags that break %s, read all the same",
                corpus.source,
                repairs,
                self.reading.format,
            )
        return mapped

    def _without_held_out_fold(self, train: TaggedCorpus) -> TaggedCorpus:
        """Leave out the fold that the config holds out, if it holds out any.

        Raises `DataError` if there are fewer sentences than folds.
        """
        held_out = self.config.held_out
        return train if held_out is None else hold_out(train, held_out.fold, held_out.folds)[0]

    def _checked(self, corpus: TaggedCorpus, scheme: Scheme) -> TaggedCorpus:
        """Return the corpus with legal tags.

        Raises `DataError` if tags are missing, or illegal and not to be repaired.
        """
        corpus, repairs = checked(corpus, scheme, self.config.on_invalid_tags)
        if repairs:
            shown = [
                f"{f'{repair.source}, ' if repair.source else ''}line {repair.line}: {repair.before} → {repair.after}"
                for repair in repairs[:REPAIRS_SHOWN]
            ]
            if len(repairs) > REPAIRS_SHOWN:
                shown.append("…")
            logger.warning("%s: %d tags repaired (%s)", corpus.source, len(repairs), ", ".join(shown))
        return corpus
