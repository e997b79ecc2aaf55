"""Long-to-short cascade self-distillation: each code is taught by the next longer one."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import normalize


def cascade_distillation(outputs: Sequence[Tensor]) -> Tensor:
    """How far the similarities within a batch differ between each code and the next longer one. [0]

    D_k = || stop(S(u_k+1)) - S(u_k) ||_F^2 / M^2, S(u) = u u^T with rows of length 1. The longer code
    teaches and gets no gradient.

    [0] He et al., Nested Hash Layer, 2024, arXiv 2412.08922

    Args:
        outputs: L outputs (M, b), the shortest first.

    Returns:
        (L,); the last, for the longest length, is 0.
    """
    similarities = [normalize(u @ u.T) for u in outputs]
    terms = [(t.detach() - s).square().mean() for s, t in pairwise(similarities)]
    return torch.stack([*terms, outputs[-1].new_zeros(())])
