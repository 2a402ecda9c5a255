"""What a document says elsewhere of the same word."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class OtherMentions(nn.Module):
    """Beside each token's state, the mean state of the other tokens of its document that are the same word.

    A name that is ambiguous where it stands is often clear where the document has it first: sentence by sentence "King"
    may be a person or a title, but not after "Billie Jean King". States are pooled and not tags, as in a two-stage
    tagger (Krishnan and Manning 2006), so that nothing has to be predicted first and all is learnt at once. There is
    nothing to be learnt here: what to make of the mean is left to what reads it.
    """

    def forward(self, states: Tensor, mentions: Tensor) -> Tensor:
        """(B, T, D) states, (B, T) which tokens are the same word of one document, 0 at padding → (B, T, 2D).

        The mean is 0 for a word that stands but once.
        """
        flat, which = states.flatten(0, 1), mentions.flatten()
        numbers = torch.bincount(which)
        sums = flat.new_zeros(len(numbers), flat.shape[1]).index_add(0, which, flat)
        others = (sums[which] - flat) / (numbers[which] - 1).clamp(min=1)[:, None]
        others = others.masked_fill((which == 0)[:, None], 0.0)
        return torch.cat([states, others.view_as(states)], dim=2)
