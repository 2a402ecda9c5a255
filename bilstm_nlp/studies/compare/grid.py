"""A grid file: a base config, variants of it, seeds, and fractions of the training data.

base = "../ner/sample.toml"     # relative to this file; other files: to the current folder, then to this file
baseline = "bilstm-crf"
seeds = [1, 2, 3]
[set]                           # overrides for all variants
training.epochs = 6
[variants.bilstm-crf]           # the base, unchanged
[variants.gru]
encoder.cell = "gru"
[axes]                          # every variant with each of these
encoder.layers = [1, 2]
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from bilstm_nlp.config import Config, flat, load, parse, to_json
from bilstm_nlp.config.measures import Measure, Subject
from bilstm_nlp.config.problems import describe
from bilstm_nlp.config.reading import apply, read_toml
from bilstm_nlp.config.sections import Section, Seed
from bilstm_nlp.config.shipped import config_file, is_shipped
from bilstm_nlp.data.series.statistical import Method
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.tasks.registry import methods_of, without_methods

Tables: TypeAlias = dict[str, Any]

SET_BY_GRID = {"seed": "seeds", "data.fraction": "fractions"}
"""Keys of a config that the grid gives each run, and its own key for them."""


class GridFile(Section):
    """The content of a grid file."""

    name: str | None = None
    """Name of the grid in reports; by default the file's name."""
    base: str
    """The config that all variants come from, relative to the grid's folder."""
    baseline: str
    """The variant that the others are compared with."""
    seeds: tuple[Seed, ...]
    """Each variant is trained with each seed."""
    fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (1.0,)
    """Fractions of the training data, for a learning curve."""
    measure: str | None = None
    """The measure by which variants are ranked; by default the task's first."""
    shared: Tables = Field({}, alias="set")
    """Overrides for all variants."""
    variants: dict[str, Tables]
    """Overrides by the name of the variant."""
    axes: Tables = Field({})
    """Values by key; every variant is combined with every combination of the values."""


@dataclass(frozen=True)
class Grid:
    """The planned runs of a grid file, with checked configs."""

    source: Path
    name: str
    task: str
    measure: Measure
    subject: Subject
    baseline: str
    seeds: Sequence[int]
    fractions: Sequence[float]
    changes: Mapping[str, Tables]
    """For each variant, in order, its overrides by dotted key."""
    methods: tuple[Method, ...]
    """Methods of statistics beside the variants: those of all configs. They are fitted once, and not by the runs."""
    runs: Sequence[PlannedRun]
    """Seed by seed, so that all variants can be compared early."""


def read(path: Path, overrides: Sequence[str] = ()) -> Grid:
    """Read a grid and check every variant; `overrides` (`KEY=VALUE`) are for all variants, over the grid's own `set`.

    Raises `ConfigError` with every problem at once.
    """
    values = read_toml(path)
    try:
        file = GridFile.model_validate(values)
    except ValidationError as error:
        known = [field.alias or name for name, field in GridFile.model_fields.items()]
        problems = [describe(dict(detail), values, known) for detail in error.errors(include_url=False)]
        raise ConfigError(str(path), problems) from None
    shared = dict(file.shared)
    refused = [problem for override in overrides if (problem := apply(shared, override))]
    folder = None if is_shipped(str(path)) else path.parent
    base, wrong = _shared_config(load(config_file(path).parent / file.base), shared, folder)
    axes, wrong_axes = _checked_axes(base, file.axes, folder)
    wrong += wrong_axes
    for name, overridden in file.variants.items():
        wrong += _variant_config(base, overridden, f"variants.{name}.", folder)[1]
    changes = _crossed(file.variants, axes)
    configs: dict[str, Config] = {}
    if not wrong:
        configs, wrong = _configs(base, changes, folder)
    # The measures may depend on keys that all variants set.
    comparability = next(iter(configs.values()), base).comparability
    names = [measure.name for measure in comparability.measures]
    if comparability.seed is not None and len(file.seeds) > 1:
        wrong.append(f"{comparability.seed}: required for several seeds, so that all runs have one development part")
    problems = [*refused, *_own_problems(file, base.task, names, list(changes)), *wrong]
    if problems:
        raise ConfigError(str(path), problems)
    return Grid(
        source=path,
        name=file.name or config_file(path).stem,
        task=base.task,
        measure=comparability.measures[names.index(file.measure) if file.measure else 0],
        subject=comparability.subject,
        baseline=file.baseline,
        seeds=file.seeds,
        fractions=file.fractions,
        changes={name: flat(overrides) for name, overrides in changes.items()},
        methods=tuple(dict.fromkeys(method for config in configs.values() for method in methods_of(config))),
        runs=[
            PlannedRun(variant, seed, fraction, _with_run(without_methods(config), seed, fraction))
            for seed, fraction, (variant, config) in product(file.seeds, file.fractions, configs.items())
        ],
    )


def _own_problems(file: GridFile, task: str, measures: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield the problems with the grid's own keys, whose types are right; `names` are the variants' names."""
    if names and file.baseline not in names:
        # With axes, a run's variant has a longer name, which begins with that of the table.
        near = [name for name in names if name.startswith(f"{file.baseline}, ")]
        near = near or difflib.get_close_matches(file.baseline, names, n=1, cutoff=0.4) or [*file.variants]
        hint = " or ".join(map(repr, near[:3]))
        yield f"baseline: expected the name of a variant, such as {hint}, found {file.baseline!r}"
    listed: dict[str, Sequence[object]] = {
        "seeds": file.seeds,
        "fractions": file.fractions,
        "variants": list(file.variants),
    }
    for key, values in listed.items():
        twice = dict.fromkeys(str(value) for value in values if values.count(value) > 1)
        if twice:
            yield f"{key}: expected each value once, found {', '.join(twice)} more than once"
        if not values:
            yield f"{key}: expected at least one, found none"
    if file.measure is not None and file.measure not in measures:
        yield f"measure: expected {' or '.join(measures)} for the task {task}, found {file.measure!r}"


Checked: TypeAlias = tuple[Config | None, list[str]]
"""A config and the problems with it; the config is `None` if there are any."""


def _shared_config(base: Config, shared: Tables, folder: Path | None) -> tuple[Config, list[str]]:
    """Return the base with the overrides for all variants, and the problems; with problems, return the base itself.

    `folder`: that of the grid file, beside which files may be.
    """
    config, problems = _overridden(base, shared, "set.", folder)
    return config or base, problems


def _variant_config(base: Config, overrides: Tables, prefix: str, folder: Path | None) -> Checked:
    """Return the base with a variant's overrides, and the problems, each with `prefix` before its key.

    A variant may not change keys that all variants have in common.
    """
    config, problems = _overridden(base, overrides, prefix, folder)
    if config is not None:
        problems = list(_changes_in_common_keys(base, config, prefix))
    return (None, problems) if problems else (config, [])


def _overridden(base: Config, overrides: Tables, prefix: str, folder: Path | None) -> Checked:
    """Return the base with overrides, and the problems, each with `prefix` before its key."""
    if overrides.get("task", base.task) != base.task:
        return None, [f"{prefix}task: expected {base.task}, as in the base, found {overrides['task']!r}"]
    problems = [
        f"{prefix}{key}: the grid's own key {SET_BY_GRID[key]} sets it for each run"
        for key in flat(overrides).keys() & SET_BY_GRID.keys()
    ]
    try:
        config = parse(merged(to_json(base), overrides), prefix, folder=folder)
    except ConfigError as error:
        return None, [*problems, *(prefix + problem for problem in error.problems)]
    return (None, problems) if problems else (config, [])


def _changes_in_common_keys(base: Config, config: Config, prefix: str) -> Iterator[str]:
    """Yield a problem for each changed key that all variants must have in common."""
    common = base.comparability.common
    expected, values = flat(to_json(base)), flat(to_json(config))
    for key in sorted(expected.keys() | values.keys()):
        if expected.get(key) != values.get(key) and any(f"{key}.".startswith(f"{table}.") for table in common):
            yield (
                f"{prefix}{key}: expected {expected.get(key)!r}, as in the base, found {values.get(key)!r}: variants "
                "with other development parts can't be compared"
            )


def _checked_axes(base: Config, axes: Tables, folder: Path | None) -> tuple[list[list[tuple[str, Any]]], list[str]]:
    """Return (key, value) of every alternative of every axis, and the problems with each alternative alone."""
    alternatives, problems = [], []
    for key, values in flat(axes).items():
        if not isinstance(values, list) or not values:
            problems.append(f"axes.{key}: expected a list of values, found {values!r}")
            continue
        for value in values:
            problems += _variant_config(base, _nested(key, value), "axes.", folder)[1]
        alternatives.append([(key, value) for value in values])
    return alternatives, problems


def _configs(base: Config, changes: Mapping[str, Tables], folder: Path | None) -> tuple[dict[str, Config], list[str]]:
    """Return the config of every variant, and the problems of overrides that are right alone but not together."""
    configs: dict[str, Config] = {}
    problems: list[str] = []
    names: dict[str, str] = {}
    for name, overrides in changes.items():
        config, own = _variant_config(base, overrides, f"variants.{name}.", folder)
        problems += own
        if config is None:
            continue
        same = names.setdefault(json.dumps(to_json(config)), name)
        if same != name:
            problems.append(f"variants.{name}: expected variants that differ, found the same as {same!r}")
        configs[name] = config
    return configs, problems


def _crossed(variants: Mapping[str, Tables], axes: Sequence[Sequence[tuple[str, Any]]]) -> dict[str, Tables]:
    """Combine every variant with every combination of the axes' values, and name each after its values."""
    combined = {}
    for (name, overrides), *values in product(variants.items(), *axes):
        tables = reduce(merged, (_nested(*value) for value in values), overrides)
        combined[", ".join([name, *(f"{key}={_shown(value)}" for key, value in values)])] = tables
    return combined


def merged(base: Tables, overrides: Tables) -> Tables:
    """Return `base` with `overrides` over it, key by key.

    A table of another `kind` replaces the base's table: no key of the old kind stays.

    >>> merged({"encoder": {"cell": "lstm", "hidden": 5}}, {"encoder": {"cell": "gru"}})
    {'encoder': {'cell': 'gru', 'hidden': 5}}
    """
    result = dict(base)
    for key, value in overrides.items():
        below = base.get(key)
        same_kind = (
            isinstance(value, dict) and isinstance(below, dict) and value.get("kind") in (None, below.get("kind"))
        )
        result[key] = merged(below, value) if same_kind else value  # type: ignore[arg-type]
    return result


def _nested(key: str, value: Any) -> Tables:
    """Turn a dotted key into tables around its value."""
    return reduce(lambda inner, part: {part: inner}, reversed(key.split(".")), value)


def _shown(value: Any) -> str:
    """Write a value for a variant's name."""
    if isinstance(value, dict) and "kind" in value:
        value = value["kind"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)  # TOML has dates


def _with_run(config: Config, seed: int, fraction: float) -> Config:
    """Return the config of one run of a variant."""
    return config.model_copy(update={"seed": seed, "data": config.data.model_copy(update={"fraction": fraction})})
