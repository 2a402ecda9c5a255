"""The configs that come with the package: `sample:NAME` names one of them from anywhere.

The files live in `configs/` of the repository, and in `config/shipped/` of an installed package, where the build puts
them. Names without a slash, such as `sample:ner`, train on data of the package; all other names, such as
`sample:ner/conll2003`, need `--set` for the files of the user.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from bilstm_nlp.errors import ConfigError

PREFIX = "sample:"
STARTERS = Path(__file__).parent / "starters"
"""Commented configs that `bilstm-nlp init` copies, one for each kind of data."""


def folder() -> Path:
    """Return the folder of the shipped configs, of an installed package or of a clone."""
    installed = Path(__file__).parent / "shipped"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "configs"


def shipped_configs() -> dict[str, Path]:
    """Return all shipped configs by their name. The name of `ner/sample.toml` is `ner`.

    >>> sorted(name for name in shipped_configs() if "/" not in name)
    ['chunks', 'classification', 'compare', 'forecasting', 'labelling', 'ner', 'pos', 'segmentation']
    """
    paths = sorted(folder().rglob("*.toml"))
    return {path.relative_to(folder()).with_suffix("").as_posix().removesuffix("/sample"): path for path in paths}


def is_shipped(source: str) -> bool:
    """Return whether a source names a shipped config. `sample:energy.csv` names a file of data.

    >>> is_shipped("sample:ner"), is_shipped("sample:energy.csv"), is_shipped("my.toml")
    (True, False, False)
    """
    return source.startswith(PREFIX) and source.removeprefix(PREFIX) in shipped_configs()


def config_file(source: str | Path) -> Path:
    """Return the file that a config's name stands for: a shipped config, or the user's own path.

    Raises `ConfigError` for `sample:` and a name that no shipped config has; the message lists all names.
    """
    name = str(source)
    if not name.startswith(PREFIX):
        return Path(source)
    configs = shipped_configs()
    name = name.removeprefix(PREFIX)
    if name not in configs:
        near = difflib.get_close_matches(name, configs, n=1)
        hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
        names = ", ".join(sorted(configs, key=lambda key: ("/" in key, key)))
        raise ConfigError(str(source), [f"expected one of {names}, found {name or 'no name'}{hint}"])
    return configs[name]


def default_out(source: str | Path, prefix: str = "") -> Path:
    """Return where results of a config go if the user names no directory.

    >>> default_out("my/ner.toml").as_posix(), default_out("sample:ner", "audit-").as_posix()
    ('runs/ner', 'runs/audit-sample-ner')
    """
    name = str(source)
    stem = name.replace(":", "-").replace("/", "-") if name.startswith(PREFIX) else Path(name.removesuffix(".gz")).stem
    return Path("runs") / f"{prefix}{stem}"
