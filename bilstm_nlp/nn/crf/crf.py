"""A linear-chain CRF to train: its parameters, what is legal, and its likelihood.

The parameters are torchcrf's, and the results equal torchcrf's. What is decoded from emissions needs the chain's scores
as arrays and no torch: `best_paths.py` has Viterbi, and `posterior.py` exact probabilities and the n best paths.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchcrf import CRF

from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.likelihood import log_likelihood
from bilstm_nlp.nn.crf.recursions import Scores


class LinearChainCrf(nn.Module):
    """A chain of K tags. `legal_*` forbid tags at sentence borders (K,) and transitions (K, K) from row to column.

    A forbidden path scores -inf when decoding and in the posterior; in the likelihood only with `constrain_training`.
    Masks must be True up to a sentence's length and False after it. Padding has no influence.

    >>> crf = LinearChainCrf(3)
    >>> emissions, mask = torch.zeros(2, 4, 3), torch.ones(2, 4, dtype=torch.bool)
    >>> crf.log_likelihood(emissions, torch.zeros(2, 4, dtype=torch.long), mask).shape
    torch.Size([2])
    >>> crf.chain_scores().transitions.shape
    (3, 3)
    """

    legal_start: Tensor
    legal_end: Tensor
    legal_transitions: Tensor

    def __init__(
        self,
        tags: int,
        *,
        legal_start: Tensor | None = None,
        legal_end: Tensor | None = None,
        legal_transitions: Tensor | None = None,
        constrain_training: bool = True,
    ) -> None:
        """`legal_*` are bool; None allows everything.

        Raises `ValueError` for a wrong type or shape, and if a sentence of some length has no legal path.
        """
        super().__init__()
        self.tags, self.constrain_training = tags, constrain_training
        self.chain = CRF(tags, batch_first=True)
        given = {
            "legal_start": (legal_start, (tags,)),
            "legal_end": (legal_end, (tags,)),
            "legal_transitions": (legal_transitions, (tags, tags)),
        }
        for name, (legal, shape) in given.items():
            legal = torch.ones(shape, dtype=torch.bool) if legal is None else legal
            _require(name, legal, torch.bool, shape)
            self.register_buffer(name, legal, persistent=False)
        self._check_legality()
        self.limited = any(legal is not None and not legal.all() for legal, _ in given.values())

    def scores(self, *, constrained: bool = True) -> Scores:
        """Return the chain's scores, with -inf for what is forbidden."""
        scores = Scores(self.chain.start_transitions, self.chain.end_transitions, self.chain.transitions)
        if not (constrained and self.limited):
            return scores
        legal = (self.legal_start, self.legal_end, self.legal_transitions)
        return Scores(*(torch.where(allowed, s, float("-inf")) for s, allowed in zip(scores, legal, strict=True)))

    @torch.no_grad()
    def chain_scores(self) -> ChainScores:
        """Return the chain's scores as arrays, with -inf for what is forbidden."""
        return ChainScores(*(score.cpu().numpy().copy() for score in self.scores()))

    # --- training ---

    def log_likelihood(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """(B, T, K) emissions, (B, T) tags, (B, T) mask → (B,) log P(tags | emissions), at most 0.

        The result is in single precision at least, also for emissions in half precision.

        Raises `ValueError` for wrong shapes and types, a mask with holes, tags outside 0..K-1, forbidden gold paths.
        """
        lengths = self._lengths(emissions, mask)
        tags = self._checked_tags(tags, mask)
        likelihood = log_likelihood(self.scores(constrained=self.constrain_training), emissions, tags, lengths)
        if self.constrain_training and self.limited and not likelihood.detach().isfinite().all():
            self._explain_illegal(tags, lengths)
        # Double precision until here: the likelihood is the small difference of two large numbers. The type is changed
        # before the device, which may not have float64.
        return likelihood.to(torch.promote_types(emissions.dtype, torch.float32)).to(emissions.device)

    # --- checks ---

    def _check_legality(self) -> None:
        # The set of tags that a path of each length can end at. Once a set repeats, longer paths bring nothing new.
        reachable, seen = self.legal_start, set[tuple[bool, ...]]()
        while (tags := tuple(reachable.tolist())) not in seen:
            seen.add(tags)
            if not (reachable & self.legal_end).any():
                raise ValueError(f"The legal tags must allow paths of every length. Got none of length {len(seen)}.")
            reachable = (reachable[:, None] & self.legal_transitions).any(0)

    def _lengths(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Return the (B,) lengths of a batch. Raises `ValueError` for shapes that do not fit and masks with holes."""
        if emissions.dim() != 3 or emissions.shape[2] != self.tags:
            raise ValueError(f"'emissions' must be (B, T, {self.tags}). Got {tuple(emissions.shape)}.")
        _require("mask", mask, torch.bool, tuple(emissions.shape[:2]))
        inside = mask.cpu().numpy()  # torch would take three times as long for these checks
        lengths = inside.sum(1, dtype=np.int64)
        if not lengths.all():
            raise ValueError(f"'mask' must be True somewhere in each sentence. Got sentence {lengths.argmin()}.")
        holes = inside[:, 1:] > inside[:, :-1]
        if holes.any():
            hole = np.argwhere(holes)[0].tolist()
            raise ValueError(f"'mask' must be True up to a sentence's length. Got a hole before (b, t) = {hole}.")
        return torch.from_numpy(lengths).to(mask.device)

    def _checked_tags(self, tags: Tensor, mask: Tensor) -> Tensor:
        """(B, T) tags, 0 at padding. Raises `ValueError` for tags outside 0..K-1."""
        _require("tags", tags, torch.int64, tuple(mask.shape))
        tags = torch.where(mask, tags, 0)
        lowest, highest = tags.aminmax()
        if lowest < 0 or highest >= self.tags:
            b, t = ((tags < 0) | (tags >= self.tags)).nonzero()[0].tolist()
            hint = " Use the mask, not -100, for what is not to be counted." if tags[b, t] == -100 else ""
            raise ValueError(f"'tags' must be in 0..{self.tags - 1}. Got {int(tags[b, t])} at (b, t) = {[b, t]}.{hint}")
        return tags

    def _explain_illegal(self, tags: Tensor, lengths: Tensor) -> None:
        """Raise `ValueError` for the first forbidden gold path, if there is one."""
        for b, length in enumerate(lengths.tolist()):
            path = tags[b, :length]
            if not self.legal_start[path[0]]:
                raise ValueError(f"'tags' must be legal. Sentence {b} begins with tag {int(path[0])}.")
            if not self.legal_end[path[-1]]:
                raise ValueError(f"'tags' must be legal. Sentence {b} ends with tag {int(path[-1])}.")
            wrong = (~self.legal_transitions[path[:-1], path[1:]]).nonzero()
            if len(wrong):
                t = int(wrong[0])
                step = f"tag {int(path[t + 1])} follows tag {int(path[t])} at position {t + 1}"
                raise ValueError(f"'tags' must be legal. In sentence {b}, {step}.")


def _require(name: str, tensor: Tensor, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    """Raise `ValueError` unless the tensor has this type and shape."""
    if tensor.dtype != dtype or tensor.shape != shape:
        expected = f"{str(dtype).removeprefix('torch.')} of shape {shape}"
        raise ValueError(f"'{name}' must be {expected}. Got {tensor.dtype} {tuple(tensor.shape)}.")
