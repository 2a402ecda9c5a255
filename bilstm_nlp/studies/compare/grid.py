"""The file that says what is compared: a base config, variants of it, seeds, shares of the training data.

base = "../ner/sample.toml"     # relative to this file; a variant's own files, as with --set, to where it is run
baseline = "bilstm-crf"
seeds = [1, 2, 3]
[set]                           # overrides for all variants
training.epochs = 6
[variants.bilstm-crf]           # the base as it is
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
from bilstm_nlp.config.reading import apply, describe, read_toml
from bilstm_nlp.config.sections import Section, Seed
from bilstm_nlp.config.shipped import config_file
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.studies.engines.trial import PlannedRun

Tables: TypeAlias = dict[str, Any]

SET_BY_GRID = {"seed": "seeds", "data.fraction": "fractions"}
"""Keys of a config that the grid gives each run, and its own key for them."""


class GridFile(Section):
    """A grid as it is written down."""

    name: str | None = None
    """What reports call it; by default as the file."""
    base: str
    """The config that all variants come from, relative to the grid's folder."""
    baseline: str
    """The variant that the others are compared with."""
    seeds: tuple[Seed, ...]
    """Each variant is trained with each of these."""
    fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (1.0,)
    """Shares of the training data, for a learning curve."""
    measure: str | None = None
    """What variants are ranked by."""
    shared: Tables = Field({}, alias="set")
    """Overrides for all variants."""
    variants: dict[str, Tables]
    """Overrides by the name of the variant."""
    axes: Tables = Field({})
    """Keys and their values, for a full product."""


@dataclass(frozen=True)
class Grid:
    """All that is to be run, every config checked."""

    source: Path
    name: str
    task: str
    measure: Measure
    subject: Subject
    baseline: str
    seeds: Sequence[int]
    fractions: Sequence[float]
    changes: Mapping[str, Tables]
    """By variant, in order: what it overrides, by dotted key."""
    runs: Sequence[PlannedRun]
    """Seed by seed, so that all variants can be compared as early as can be."""


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
    checker = Checker(load(config_file(path).parent / file.base), shared)
    axes = checker.axes(file.axes)
    for name, changed in file.variants.items():
        checker.check(changed, f"variants.{name}.")
    changes = crossed(file.variants, axes)
    configs = checker.configs(changes)
    # As the variants have it: what they all share may be set.
    comparability = next(iter(configs.values()), checker.config).comparability
    names = [measure.name for measure in comparability.measures]
    problems = [*refused, *own_problems(file, checker.config.task, names, list(changes)), *checker.problems]
    if problems:
        raise ConfigError(str(path), problems)
    return Grid(
        source=path,
        name=file.name or config_file(path).stem,
        task=checker.config.task,
        measure=comparability.measures[names.index(file.measure) if file.measure else 0],
        subject=comparability.subject,
        baseline=file.baseline,
        seeds=file.seeds,
        fractions=file.fractions,
        changes={name: flat(overrides) for name, overrides in changes.items()},
        runs=[
            PlannedRun(variant, seed, fraction, with_run(config, seed, fraction))
            for seed, fraction, (variant, config) in product(file.seeds, file.fractions, configs.items())
        ],
    )


def own_problems(file: GridFile, task: str, measures: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """What is wrong with the grid's own keys, beside their types; `names` are those of the variants."""
    if names and file.baseline not in names:
        # With axes a variant's own name is only the beginning of what is run.
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


class Checker:
    """Collects what is wrong with overrides, each put over the base by itself."""

    def __init__(self, base: Config, shared: Tables) -> None:
        self.problems: list[str] = []
        self.config, self.base = base, to_json(base)
        config = self.check(shared, "set.")
        if config is not None:
            self.config, self.base = config, to_json(config)

    def check(self, overrides: Tables, place: str) -> Config | None:
        """The base's config with these overrides; if there is none, its problems are noted, `place` before each."""
        task = self.config.task
        if overrides.get("task", task) != task:
            self.problems.append(f"{place}task: expected {task}, as in the base, found {overrides['task']!r}")
            return None
        found = [
            f"{place}{key}: the grid's own key {SET_BY_GRID[key]} sets it for each run"
            for key in flat(overrides).keys() & SET_BY_GRID.keys()
        ]
        try:
            config = parse(merged(self.base, overrides), place)
        except ConfigError as error:
            self.problems += [*found, *(place + problem for problem in error.problems)]
            return None
        if place != "set.":
            found += self.uncommon(config, place)
        self.problems += found
        return None if found else config

    def uncommon(self, config: Config, place: str) -> Iterator[str]:
        """What a config changes that all variants must have in common."""
        common = self.config.comparability.common
        ours, theirs = flat(self.base), flat(to_json(config))
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key) and any(f"{key}.".startswith(f"{c}.") for c in common):
                yield (
                    f"{place}{key}: expected {ours.get(key)!r}, as in the base, found {theirs.get(key)!r}: variants "
                    "with other development parts can't be compared"
                )

    def axes(self, axes: Tables) -> list[list[tuple[str, Any]]]:
        """(key, value) of every alternative of every axis."""
        found = []
        for key, values in flat(axes).items():
            if not isinstance(values, list) or not values:
                self.problems.append(f"axes.{key}: expected a list of values, found {values!r}")
                continue
            for value in values:
                self.check(nested(key, value), "axes.")
            found.append([(key, value) for value in values])
        return found

    def configs(self, changes: Mapping[str, Tables]) -> dict[str, Config]:
        """The config of every variant. What is wrong with one alone is known by now; here they must go together."""
        if self.problems:
            return {}
        configs: dict[str, Config] = {}
        names: dict[str, str] = {}
        for name, overrides in changes.items():
            config = self.check(overrides, f"variants.{name}.")
            if config is None:
                continue
            same = names.setdefault(json.dumps(to_json(config)), name)
            if same != name:
                self.problems.append(f"variants.{name}: expected variants that differ, found the same as {same!r}")
            configs[name] = config
        return configs


def crossed(variants: Mapping[str, Tables], axes: Sequence[Sequence[tuple[str, Any]]]) -> dict[str, Tables]:
    """Every variant with every combination of the axes' values, and a name that tells them."""
    found = {}
    for (name, overrides), *values in product(variants.items(), *axes):
        tables = reduce(merged, (nested(*value) for value in values), overrides)
        found[", ".join([name, *(f"{key}={shown(value)}" for key, value in values)])] = tables
    return found


def merged(base: Tables, overrides: Tables) -> Tables:
    """Tables with others over them, key by key.

    A table of another `kind` replaces the base's: no key of the old kind stays.
    """
    result = dict(base)
    for key, value in overrides.items():
        below = base.get(key)
        goes_on = isinstance(value, dict) and isinstance(below, dict) and value.get("kind") in (None, below.get("kind"))
        result[key] = merged(below, value) if goes_on else value  # type: ignore[arg-type]
    return result


def nested(key: str, value: Any) -> Tables:
    """A dotted key as tables."""
    return reduce(lambda inner, part: {part: inner}, reversed(key.split(".")), value)


def shown(value: Any) -> str:
    """A value in a variant's name."""
    if isinstance(value, dict) and "kind" in value:
        value = value["kind"]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)  # TOML has dates


def with_run(config: Config, seed: int, fraction: float) -> Config:
    """The config of one run."""
    return config.model_copy(update={"seed": seed, "data": config.data.model_copy(update={"fraction": fraction})})
