"""From a config to the model, task and trainer that it describes: the only room that asks which kind a config means.

Every `match` ends in `assert_never`, so the type checker proves that no kind was forgotten.
"""
