"""From the training section of a config to the settings of the training loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from torch import nn
from torch.optim import Optimizer

from bilstm_nlp.config import Config
from bilstm_nlp.config.sections import (
    AdamConfig,
    AdamWConfig,
    ConstantSchedule,
    CosineSchedule,
    InverseTimeSchedule,
    LinearSchedule,
    PlateauSchedule,
    SgdConfig,
    TrainingConfig,
)
from bilstm_nlp.nn.adversarial import Adversarial
from bilstm_nlp.nn.model import Model
from bilstm_nlp.training import loop, schedules
from bilstm_nlp.training.layers import Freezing, check_layers, parameter_groups
from bilstm_nlp.training.loop import Settings
from bilstm_nlp.training.optimizers import SGD, Adam, AdamW
from bilstm_nlp.training.schedules import Schedule


def settings(config: Config) -> Settings:
    """Return the settings of the training loop."""
    return Settings(
        epochs=config.training.epochs,
        optimizer=optimizer_maker(config.training),
        schedule=schedule(config.training),
        seed=config.seed,
        clip=config.training.clip or None,
        patience=config.training.patience,
        average=config.training.average,
        device=config.training.device,
        precision=config.training.precision,
        objective=objective(config.training.adversarial),
        batch_setting=config.training.batch_setting,
        freezing=freezing(config.training),
    )


def freezing(config: TrainingConfig) -> Freezing:
    """Return the layers that are frozen, and when they are thawed."""
    return Freezing(config.freeze, config.thaw)


def check(config: TrainingConfig, model: nn.Module) -> None:
    """Raise `InputError` for names of layers that a model does not have."""
    check_layers(model, freezing(config), config.learning_rates)


def objective(size: float) -> Callable[[nn.Module], nn.Module]:
    """Return the objective: the model's own loss, or with a `size` above 0 the adversarial loss as well."""
    if size == 0:
        return loop.identity

    def adversarial(model: nn.Module) -> nn.Module:
        assert isinstance(model, Model)
        return Adversarial(model, size)

    return adversarial


def optimizer_maker(config: TrainingConfig) -> Callable[[nn.Module], Optimizer]:
    """Return a function that makes the optimizer of a model."""
    rates = config.learning_rates
    match config.optimizer:
        case AdamWConfig(learning_rate=rate, betas=betas, weight_decay=decay):
            return lambda model: AdamW(parameter_groups(model, decay, rates), lr=rate, betas=betas, fused=True)
        case AdamConfig(learning_rate=rate, betas=betas):
            return lambda model: Adam(parameter_groups(model, 0.0, rates), lr=rate, betas=betas, fused=True)
        case SgdConfig(learning_rate=rate, momentum=momentum, weight_decay=decay):
            return lambda model: SGD(parameter_groups(model, decay, rates), lr=rate, momentum=momentum)
        case unknown:
            assert_never(unknown)


def schedule(config: TrainingConfig) -> Schedule:
    """Return the schedule of the learning rate."""
    match config.schedule:
        case ConstantSchedule(warmup=warmup):
            return schedules.constant(warmup)
        case LinearSchedule(warmup=warmup):
            return schedules.linear(warmup, config.epochs)
        case CosineSchedule(warmup=warmup):
            return schedules.cosine(warmup, config.epochs)
        case InverseTimeSchedule(decay=decay):
            return schedules.inverse_time(decay)
        case PlateauSchedule(factor=factor, patience=patience):
            return schedules.plateau(factor, patience)
        case unknown:
            assert_never(unknown)
