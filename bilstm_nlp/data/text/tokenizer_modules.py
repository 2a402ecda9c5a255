"""Tokenizers of other packages: jieba, pythainlp, or any function by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module

from bilstm_nlp.errors import InputError, excerpt

PACKAGES = {"jieba": "jieba:lcut", "pythainlp": "pythainlp:word_tokenize"}
"""Names that stand for a function, as `module:function`."""


def offsets_by_module(text: str, name: str) -> list[tuple[int, int]]:
    """Find the tokens that a function gives for a text. Blanks at their borders are cut off, blank tokens left out.

    `name`: one of `PACKAGES`, or `module:function`, which takes a text and returns its tokens in order.

    Raises `InputError` if the function can't be imported or fails, and for tokens that are not the text's pieces.

    >>> offsets_by_module("EU rejects", "builtins:list")
    [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (9, 10)]
    """
    function = _function(name)
    try:
        tokens = function(text)
    except Exception as error:
        raise InputError(f"data.tokenizer: expected {name!r} to cut {excerpt(text)!r}, found {error!r}") from error
    return _aligned(text, tokens, name)


@lru_cache(maxsize=8)
def _function(name: str) -> Callable[[str], object]:
    """Import a function by its name. Raises `InputError` if there is none."""
    module, _, function = PACKAGES.get(name, name).partition(":")
    if not module or not function:
        raise InputError(f"data.tokenizer: expected jieba, pythainlp or module:function, found {name!r}")
    try:
        value = getattr(import_module(module), function)
    except ImportError as error:
        advice = f"; pip install {name}" if name in PACKAGES else ", which Python finds in PYTHONPATH"
        raise InputError(f"data.tokenizer: expected the module {module!r}{advice}, found {error}") from None
    except AttributeError:
        raise InputError(f"data.tokenizer: expected {function!r} in the module {module!r}, found none") from None
    if not callable(value):
        raise InputError(f"data.tokenizer: expected a function, found {name!r}, which is no function")
    return value  # type: ignore[no-any-return]


def _aligned(text: str, tokens: object, name: str) -> list[tuple[int, int]]:
    """Find each token in the text. Raises `InputError` unless they are all of it but blanks, in order."""
    if isinstance(tokens, str) or not isinstance(tokens, Iterable):
        raise InputError(f"data.tokenizer: expected a list of tokens from {name!r}, found {excerpt(repr(tokens))}")
    spans: list[tuple[int, int]] = []
    end = 0
    for token in tokens:
        if not isinstance(token, str):
            raise InputError(f"data.tokenizer: expected tokens from {name!r}, found {excerpt(repr(token))}")
        piece = token.strip()
        if not piece:
            continue
        start = end + len(text[end:]) - len(text[end:].lstrip())
        if not text.startswith(piece, start):
            raise _not_a_piece(name, text[start:], piece)
        end = start + len(piece)
        spans.append((start, end))
    if text[end:].strip():
        raise _not_a_piece(name, text[end:].lstrip(), "the end of its tokens")
    return spans


def _not_a_piece(name: str, rest: str, piece: str) -> InputError:
    expected = f"the pieces of the text in order from {name!r}, here of {excerpt(rest)!r}"
    return InputError(f"data.tokenizer: expected {expected}, found {excerpt(piece)!r}")
