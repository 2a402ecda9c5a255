"""Training and using the CoNLL-2003 tagger beside a bare LSTM of the same sizes on the same batches."""

from __future__ import annotations

from bilstm_nlp.data.batches import plan
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging.decoding import BATCH_TOKENS, decode, read_together
from bilstm_nlp.tasks.trainer import settings

from .corpora import Corpora, config_of
from .measuring import Target, interleaved, timed
from .report import Report
from .training import BareLstm, First, beside_floor, epochs, parts_of_a_step, shapes_of


def measure(files: Corpora, precision: str, *, steps: int, rounds: int) -> Report:
    """Measure both ratios, sentences a second, and the parts of a training step."""
    config = config_of(files, epochs=rounds + 1, precision=precision)
    prepared = tagging(config).prepare()
    data, codec, model = prepared.data, prepared.codec, prepared.model

    batches = First(prepared.batches(1), steps)
    real = epochs(model, batches, settings(config))
    floor = BareLstm(config.encoder, shapes_of(model, batches))
    next(real)  # warm
    train = interleaved({"ours": real.__next__, "floor": timed(floor.forward_and_backward)}, rounds)

    encoded = codec.encode(data.dev.sentences)
    together = read_together(codec, encoded)
    shapes = shapes_of(model.eval(), [together.collate(chosen) for chosen in plan(together.lengths, BATCH_TOKENS)])
    floor = BareLstm(config.encoder, shapes)
    network = prepared.network
    tag = interleaved({"ours": timed(lambda: decode(network, codec, encoded)), "floor": timed(floor.forward)}, rounds)

    trained, tagged = sum(map(len, batches)), len(data.dev.sentences)
    return Report(
        figures=beside_floor(train, tag, trained, tagged, "sentences", Target(0.72, 0.80), Target(0.60, 0.85)),
        tables={"step": parts_of_a_step(model, batches, settings(config))},
        notes=(
            *files.notes,
            f"training: {len(batches)} batches of {config.training.batch_tokens} tokens at most, {trained} sentences, "
            f"as `fit` times them, in {precision}; floor: forward and backward of "
            f"torch.nn.LSTM({floor.lstm.input_size}, {config.encoder.hidden}, bidirectional) on "
            "tensors of the same shapes, their sum as the loss",
            f"tagging: `decode` on {len(shapes)} batches, {tagged} sentences, encoded before; floor: the forward pass",
            "step: measured apart from the ratios, by hooks in the same loop; the figures are means",
        ),
    )
