"""One objective of several levels and lengths: short codes learn the group, longer ones the class and the instance."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from nhl.codes import check_lengths
from nhl.losses.base import TINY


class LevelLoss(nn.Module):
    """Cross-entropy over the cosines between a binary code and learnt directions, at every level and length.

    value_b = sum over levels v of w[v, b] * mean over labelled images of
    CE(scale * sqrt(b) * cos(sign u_b, d_v[:, :b]), y_v).

    The directions d_v (C_v, B) of a level are learnt; their prefixes serve the shorter lengths, so that what a short
    code has learnt stays true in the longer one. Forward the code is its signs, backward the gradient is that of
    tanh (a straight-through estimator, [1]). An image without a label at a level (-1) does not count there. With one
    level, weighted 1 at every length, it is a nested cosine softmax against learnt class directions [0].

    [0] Zhai and Wu, Classification is a Strong Baseline for Deep Metric Learning, BMVC 2019, arXiv 1811.12649
    [1] Bengio, Leonard and Courville, Estimating or Propagating Gradients Through Stochastic Neurons, 2013,
        arXiv 1308.3432

    Args:
        lengths: code lengths in bits, ascending multiples of 8; L of them.
        sizes: C_v, how many labels each of the V levels has, from coarse to fine.
        weights: (V, L), how much each level counts at each length; by default `level_weights`.
        scale: of the cosines, in units of sqrt(b).
        smoothing: of the labels, from 0 to 1.

    Raises:
        ValueError: if an argument breaks its rule; when called, if outputs or levels have another form.

    >>> loss = LevelLoss((8, 16), sizes=(2, 5))
    >>> z = torch.randn(3, 16)
    >>> loss((z[:, :8], z), torch.tensor([[0, 4], [1, 2], [1, -1]])).shape
    torch.Size([2])
    """

    def __init__(
        self,
        lengths: Iterable[int],
        sizes: Sequence[int],
        weights: Sequence[Sequence[float]] | None = None,
        scale: float = 1.5,
        smoothing: float = 0.05,
    ) -> None:
        super().__init__()
        self.lengths = check_lengths(lengths)
        if not sizes or min(sizes) < 1:
            raise ValueError(f"`sizes` must be one number from 1 per level but got {tuple(sizes)}")
        if scale <= 0:
            raise ValueError(f"`scale` must be above 0 but got {scale}")
        if not 0 <= smoothing < 1:
            raise ValueError(f"`smoothing` must be at least 0 and below 1 but got {smoothing}")
        table = torch.tensor(weights if weights is not None else level_weights(len(sizes), self.lengths))
        if table.shape != (len(sizes), len(self.lengths)) or (table < 0).any():
            raise ValueError(
                f"`weights` must be {len(sizes)} rows of {len(self.lengths)} numbers from 0 but got {weights}"
            )
        self.scale, self.smoothing = scale, smoothing
        self.weights: list[list[float]] = table.tolist()  # no tensor: reading one would wait for a GPU
        self.directions = nn.ParameterList(torch.randn(size, self.lengths[-1]) for size in sizes)

    def forward(self, outputs: Sequence[Tensor], levels: Tensor) -> Tensor:
        """L outputs (M, b), the shortest first, and labels (M, V), to the values (L,)."""
        if len(outputs) != len(self.lengths):
            raise ValueError(f"`outputs` must be one per length, {len(self.lengths)}, but got {len(outputs)}")
        if levels.ndim != 2 or levels.shape[1] != len(self.directions):
            raise ValueError(
                f"`levels` must have shape (M, {len(self.directions)}) but got {tuple(levels.shape)}"
            )
        codes = straight_through(outputs[-1])  # (M, B)
        return torch.stack([self._value(codes[:, :b], levels, k) for k, b in enumerate(self.lengths)])

    @torch.no_grad()
    def begin_at(self, codes: Tensor, levels: Tensor) -> None:
        """Put the direction of each label at the mean of its codes (M, B), levels (M, V), of a network that has learnt;
        that of a label without codes stays (Qi et al., Low-Shot Learning with Imprinted Weights, CVPR 2018)."""
        for level, directions in enumerate(self.directions):
            known = levels[:, level] >= 0
            sums = torch.zeros_like(directions).index_add_(0, levels[known, level], codes[known])
            found = sums.any(1)
            directions[found] = normalize(sums[found]) * math.sqrt(
                directions.shape[1]
            )  # as long as random ones

    def _value(self, codes: Tensor, levels: Tensor, k: int) -> Tensor:
        length = codes.shape[1]
        value = codes.new_zeros(())
        for level, directions in enumerate(self.directions):
            if self.weights[level][k]:
                logits = (
                    self.scale * codes @ normalize(directions[:, :length], eps=TINY).T.to(codes.dtype)
                )  # |code| = sqrt(b)
                labels = levels[:, level]
                found = cross_entropy(
                    logits, labels, ignore_index=-1, reduction="sum", label_smoothing=self.smoothing
                )
                value = value + self.weights[level][k] * found / (labels >= 0).sum().clamp(min=1)
        return value


def straight_through(outputs: Tensor) -> Tensor:
    """Signs of real codes (..., b), with the gradient of tanh; sign(0) = +1."""
    soft = outputs.tanh()
    return torch.where(outputs >= 0, 1.0, -1.0) + (soft - soft.detach())


def level_weights(levels: int, lengths: Sequence[int]) -> list[list[float]]:
    """How much each level counts at each length, (V, L): the coarsest most on short codes, the finer ones on long codes.

    The coarsest falls from 1 to 1/4 as the length grows from the shortest to four times it; the second counts 1 at every
    length; those below rise with the logarithm of the length from 0 to 1. Of two levels, the coarser counts 1 at every
    length; one level alone does too.

    >>> level_weights(3, (8, 16, 32, 64, 128))
    [[1.0, 0.5, 0.25, 0.25, 0.25], [1.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.25, 0.5, 0.75, 1.0]]
    """
    coarse = [max(0.25, lengths[0] / length) for length in lengths]
    even = [1.0] * len(lengths)
    span = math.log(lengths[-1] / lengths[0]) or 1.0
    fine = [math.log(length / lengths[0]) / span for length in lengths]
    if len(lengths) == 1:
        return [even] * levels
    return [*([coarse, even] if levels > 2 else [even]), *[fine] * (levels - 2 if levels > 2 else levels - 1)]
