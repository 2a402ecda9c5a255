"""Training and using the classifier of the sample messages beside a bare LSTM of the same sizes on the same batches."""

from __future__ import annotations

from pathlib import Path

from bilstm_nlp.config import load
from bilstm_nlp.config.classification import TextClassificationConfig
from bilstm_nlp.data.batches import plan
from bilstm_nlp.tasks.classification.decoding import BATCH_STEPS, decode
from bilstm_nlp.tasks.classification.task import ClassificationTask
from bilstm_nlp.tasks.trainer import settings

from .measuring import Target, interleaved, timed
from .report import Report
from .training import BareLstm, First, beside_floor, epochs, parts_of_a_step, shapes_of


def measure(config_file: Path, overrides: list[str], *, steps: int, rounds: int) -> Report:
    """Measure both ratios, sentences a second, and the parts of a training step of a config."""
    config = load(config_file, [*overrides, f"training.epochs={rounds + 1}"])
    assert isinstance(config, TextClassificationConfig)
    prepared = ClassificationTask(config).prepare()
    model = prepared.model

    batches = First(prepared.batches(1), steps)
    real = epochs(model, batches, settings(config))
    floor = BareLstm(config.encoder, shapes_of(model, batches))
    next(real)  # warm
    train = interleaved({"ours": real.__next__, "floor": timed(floor.forward_and_backward)}, rounds)

    encoded = prepared.codec.inputs.encode(prepared.data.dev.inputs)
    shapes = shapes_of(model.eval(), [encoded.collate(chosen) for chosen in plan(encoded.lengths, BATCH_STEPS)])
    floor = BareLstm(config.encoder, shapes)
    answer = interleaved(
        {"ours": timed(lambda: decode(prepared.network, encoded)), "floor": timed(floor.forward)}, rounds
    )

    trained, answered = sum(map(len, batches)), len(prepared.data.dev.examples)
    return Report(
        figures=beside_floor(train, answer, trained, answered, "texts", Target(0.60, 0.80)),
        tables={"step": parts_of_a_step(model, batches, settings(config))},
        notes=(
            f"config: {config_file.name}{''.join(f' {override}' for override in overrides)}",
            f"training: {len(batches)} batches of {config.training.batch_size} texts, {trained} in all, as `fit` "
            f"times them; floor: forward and backward of torch.nn.LSTM({floor.lstm.input_size}, "
            f"{config.encoder.hidden}, bidirectional) on tensors of the same shapes, their sum as the loss",
            f"answers: `decode` on {len(shapes)} batches, {answered} texts, encoded before; floor: the forward pass",
            "step: measured apart from the ratios, by hooks in the same loop; the figures are means",
        ),
    )
