"""The schema of a run: TOML files in, one checked value out. Imports no torch.

A config file is a set of tables (`[data]`, `[encoder]`, …). Unknown keys, wrong types and values out of range are
reported all at once, each with its dotted key, the rule and the value. `--set encoder.cell=gru` overrides any key.
"""

from bilstm_nlp.config.reading import Config as Config
from bilstm_nlp.config.reading import dotted_keys as dotted_keys
from bilstm_nlp.config.reading import flat as flat
from bilstm_nlp.config.reading import load as load
from bilstm_nlp.config.reading import parse as parse
from bilstm_nlp.config.reading import schema as schema
from bilstm_nlp.config.reading import to_json as to_json
