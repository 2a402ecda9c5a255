"""A linear-chain CRF: fast likelihood, batched Viterbi, marginals, k-best paths, exact probabilities of spans.

The parameters are torchcrf's, and so are the numbers; the recursions are ours (`chain.py`). The likelihood's gradient
is the textbook's, gold minus marginals, so no graph over time steps is built (Lafferty et al. 2001; Sutton and McCallum
2012, section 4).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchcrf import CRF

from bilstm_nlp.nn.crf.recursions import Scores, list_viterbi, log_likelihood, log_partition, messages, viterbi


class LinearChainCrf(nn.Module):
    """K tags in a chain; `legal_*` forbid tags at the borders (K,) and neighbours (K, K), from row to column.

    What is forbidden scores -inf in every answer; in the likelihood only with `constrain_training`. Sentences must
    be padded at their ends alone, and padding has no influence whatsoever.
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
            if legal.shape != shape or legal.dtype != torch.bool:
                raise ValueError(f"'{name}' must be bool of shape {shape}. Got {legal.dtype} {tuple(legal.shape)}.")
            self.register_buffer(name, legal, persistent=False)
        self.check_legality()
        self.limited = any(legal is not None and not legal.all() for legal, _ in given.values())

    def check_legality(self) -> None:
        """Raises `ValueError` unless there is a legal path of every length."""
        # Which tags a path of each length can be at: from the first repetition on, lengths bring nothing new.
        reached, seen = self.legal_start, set[tuple[bool, ...]]()
        while (tags := tuple(reached.tolist())) not in seen:
            seen.add(tags)
            if not (reached & self.legal_end).any():
                raise ValueError(f"The legal tags must allow paths of every length. Got none of length {len(seen)}.")
            reached = (reached[:, None] & self.legal_transitions).any(0)

    def scores(self, *, constrained: bool = True) -> Scores:
        """The chain's scores, -inf where something is forbidden."""
        scores = Scores(self.chain.start_transitions, self.chain.end_transitions, self.chain.transitions)
        if not (constrained and self.limited):
            return scores
        legal = (self.legal_start, self.legal_end, self.legal_transitions)
        return Scores(*(torch.where(allowed, s, float("-inf")) for s, allowed in zip(scores, legal, strict=True)))

    # --- training ---

    def log_likelihood(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """(B, T, K) emissions, (B, T) tags, (B, T) mask → (B,) log P(tags | emissions), 0 at best.

        Raises `ValueError` for wrong shapes and types, a mask with holes, tags outside 0..K-1, forbidden gold paths.
        """
        lengths = self.check(emissions, mask)
        tags = self.check_tags(tags, mask)
        scores = self.scores(constrained=self.constrain_training)
        found = log_likelihood(scores, emissions, tags, lengths)
        if self.constrain_training and self.limited and not found.detach().isfinite().all():
            self.explain_illegal(tags, lengths)
        # The difference of two large numbers of nearly the same size, so it was taken in double precision.
        return found.to(emissions.dtype)

    # --- answers ---

    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, K) emissions, (B, T) mask → (B, T) best paths, 0 at padding, and their (B,) scores (Viterbi 1967)."""
        return viterbi(self.scores(), emissions, self.check(emissions, mask))

    @torch.no_grad()
    def log_partition(self, emissions: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
        """(B,) log sum of exp(score / temperature) over all legal paths."""
        lengths = self.check(emissions, mask)
        value = log_partition(self.scores().divided(temperature), emissions / temperature, lengths)
        return value.to(emissions.dtype)

    @torch.no_grad()
    def marginals(self, emissions: Tensor, mask: Tensor, *, temperature: float = 1.0) -> Tensor:
        """(B, T, K) P(tag at t | sentence); 0 at padding."""
        lengths = self.check(emissions, mask)
        found = messages(self.scores().divided(temperature), emissions / temperature, lengths)
        logarithms = found.alphas + found.betas - found.partition[:, None, None]
        return logarithms.exp().masked_fill(~mask[..., None], 0).to(emissions.dtype)

    @torch.no_grad()
    def n_best(self, emissions: Tensor, mask: Tensor, n: int, *, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        """(B, n, T) the n best paths, best first, and their (B, n) log-probabilities; -inf where there are fewer."""
        lengths = self.check(emissions, mask)
        scores, scaled = self.scores().divided(temperature).double(), emissions.double() / temperature
        paths, totals = list_viterbi(scores, scaled, lengths, n)
        found = totals - log_partition(scores, scaled, lengths)[:, None]
        return paths, found.clamp(max=0).to(emissions.dtype)

    @torch.no_grad()
    def span_log_probabilities(
        self,
        emissions: Tensor,
        mask: Tensor,
        sentence: Tensor,
        start: Tensor,
        end: Tensor,
        kin: Tensor,
        continuing: Tensor,
        *,
        temperature: float = 1.0,
    ) -> Tensor:
        """(N,) log P(the tokens start..end-1 are an entity of this type, no longer and no shorter | sentence).

        Spans are (N,) `sentence`, `start` and `end` (exclusive); `kin` (N, K) bool are the tags of the span's type, and
        `continuing` (K, K) bool says whether the column's tag, right after the row's, goes on with its entity. Exact
        over all ways to spell the span, by constrained forward–backward: into the span without going on, through it by
        going on, out of it without going on.
        """
        lengths = self.check(emissions, mask)
        scores, scaled = self.scores().divided(temperature).double(), emissions.double() / temperature
        alphas, betas, partition, _ = messages(scores, scaled, lengths)
        inner = scores.transitions.masked_fill(~continuing, float("-inf"))
        border = scores.transitions.masked_fill(continuing, float("-inf"))
        before = log_product(alphas[sentence, start - 1], border)  # at a start of 0 what is there does not matter
        reached = torch.where((start == 0)[:, None], scores.start, before) + scaled[sentence, start]
        reached = reached.masked_fill(~kin, float("-inf"))
        for step in range(1, int((end - start).max()) if len(start) else 0):
            longer = (end - start > step).nonzero().squeeze(1)
            emission = scaled[sentence[longer], start[longer] + step]
            reached[longer] = log_product(reached[longer], inner) + emission
        following = torch.minimum(end, lengths[sentence] - 1)
        onward = log_product(scaled[sentence, following] + betas[sentence, following], border.T)
        after = torch.where((end == lengths[sentence])[:, None], scores.end, onward)
        found = (reached + after).logsumexp(1) - partition[sentence]
        return found.clamp(max=0).to(emissions.dtype)

    @torch.no_grad()
    def run_log_probabilities(
        self,
        emissions: Tensor,
        mask: Tensor,
        sentence: Tensor,
        start: Tensor,
        end: Tensor,
        tag: int,
        *,
        temperature: float = 1.0,
    ) -> Tensor:
        """(N,) log P(the tokens start..end-1 all have this tag | sentence), whatever stands around them. Exact.

        Runs are (N,) `sentence`, `start` and `end` (exclusive), each of a token at least.
        """
        lengths = self.check(emissions, mask)
        scores, scaled = self.scores().divided(temperature).double(), emissions.double() / temperature
        alphas, betas, partition, _ = messages(scores, scaled, lengths)
        so_far = scaled[..., tag].cumsum(1)
        within = so_far[sentence, end - 1] - so_far[sentence, start]
        staying = torch.where(end - start > 1, (end - start - 1) * scores.transitions[tag, tag], 0.0)  # not 0 · -inf
        around = alphas[sentence, start, tag] + betas[sentence, end - 1, tag]
        return (around + within + staying - partition[sentence]).clamp(max=0).to(emissions.dtype)

    # --- checks ---

    def check(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """(B,) lengths of a batch whose shapes fit. Raises `ValueError` with what does not."""
        if emissions.dim() != 3 or emissions.shape[2] != self.tags:
            raise ValueError(f"'emissions' must be (B, T, {self.tags}). Got {tuple(emissions.shape)}.")
        if mask.dtype != torch.bool or mask.shape != emissions.shape[:2]:
            raise ValueError(
                f"'mask' must be bool of shape {tuple(emissions.shape[:2])}. Got {mask.dtype} {tuple(mask.shape)}."
            )
        inside = mask.cpu().numpy()  # torch takes three times as long to find that nothing is wrong
        lengths = inside.sum(1, dtype=np.int64)
        if not lengths.all():
            raise ValueError(f"'mask' must be True somewhere in each sentence. Got sentence {lengths.argmin()}.")
        holes = inside[:, 1:] > inside[:, :-1]
        if holes.any():
            hole = np.argwhere(holes)[0].tolist()
            raise ValueError(f"'mask' must be True up to a sentence's length. Got a hole before (b, t) = {hole}.")
        return torch.from_numpy(lengths).to(mask.device)

    def check_tags(self, tags: Tensor, mask: Tensor) -> Tensor:
        """(B, T) tags with 0 at padding. Raises `ValueError` for tags outside 0..K-1."""
        if tags.shape != mask.shape:
            raise ValueError(f"'tags' must be {tuple(mask.shape)}. Got {tuple(tags.shape)}.")
        if tags.dtype != torch.int64:
            raise ValueError(f"'tags' must be int64. Got {tags.dtype}.")
        tags = torch.where(mask, tags, 0)
        lowest, highest = tags.aminmax()
        if lowest < 0 or highest >= self.tags:
            b, t = ((tags < 0) | (tags >= self.tags)).nonzero()[0].tolist()
            hint = " Use the mask, not -100, for what is not to be counted." if tags[b, t] == -100 else ""
            raise ValueError(f"'tags' must be in 0..{self.tags - 1}. Got {int(tags[b, t])} at (b, t) = {[b, t]}.{hint}")
        return tags

    def explain_illegal(self, tags: Tensor, lengths: Tensor) -> None:
        """Raise `ValueError` for the first gold path that is forbidden, if one is."""
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


def log_product(logarithms: Tensor, matrix: Tensor) -> Tensor:
    """(N, K) and (K, K) → (N, K): their matrix product, all of it as logarithms."""
    return (logarithms[:, :, None] + matrix).logsumexp(1)
