"""How much each length's objective counts: `weighting(losses, outputs, features)` gives weights (L,).

Use: `(weights * losses).sum().backward()`. Weights carry no gradient. Some learn from call to call, in
training only; what they have learnt is in their `state_dict`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn


class Weighting(nn.Module, ABC):
    """Weights of L objectives.

    Args:
        count: L.

    Raises:
        ValueError: if `count` is below 1.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"`count` must be at least 1 but got {count}")
        self.count = count

    @abstractmethod
    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights of this step.

        Args:
            losses: (L,), with their graph.
            outputs: L outputs (M, b) of one nested layer, the shortest first; loss k sends its gradient
                to output k alone.
            features: (M, D), what went into the layer.

        Returns:
            (L,), without gradient.
        """


class EqualWeighting(Weighting):
    """All ones: the plain sum."""

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        return torch.ones_like(losses)


class StaticWeighting(Weighting):
    """Weights given once.

    Args:
        count: L.
        weights: L numbers of 0 or more, not all 0; used as they are.
    """

    weights: Tensor

    def __init__(self, count: int, weights: Sequence[float]) -> None:
        super().__init__(count)
        if len(weights) != count or min(weights) < 0 or max(weights) == 0:
            raise ValueError(
                f"`weights` must be {count} numbers of 0 or more, not all 0, but got {list(weights)}"
            )
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        return self.weights


class NHLWeighting(Weighting):
    """Dominance-aware: a longer length that fights a shorter one is held back (`dominance_weights`). [0]

    [0] He et al., Nested Hash Layer, 2024, arXiv 2412.08922

    Args:
        count: L.
        beta: how much fighting is allowed, 1 as in [0].
    """

    def __init__(self, count: int, beta: float = 1.0) -> None:
        super().__init__(count)
        if beta < 0:
            raise ValueError(f"`beta` must be 0 or more but got {beta}")
        self.beta = beta

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        return dominance_weights(gradient_products(losses, outputs, features), self.beta)


class UncertaintyWeighting(Weighting):
    """Each loss scaled by a learnt variance: large losses count less. [0]

    The variances s minimise sum_k exp(-s_k) L_k + s_k by a step of gradient descent a call, weights
    exp(-s); losses are not negative.

    [0] Kendall et al., Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and
        Semantics, CVPR 2018, arXiv 1705.07115

    Args:
        count: L.
        lr: of the step, 0.01.
    """

    log_variances: Tensor

    def __init__(self, count: int, lr: float = 0.01) -> None:
        super().__init__(count)
        self.lr = lr
        self.register_buffer("log_variances", torch.zeros(count))

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        weights = torch.exp(-self.log_variances)
        if self.training:
            self.log_variances = self.log_variances - self.lr * (1 - weights * losses.detach())
        return weights


class GradNormWeighting(Weighting):
    """Weights under which the lengths' gradients get equal norms, those that learn slowly larger ones. [0]

    [0] Chen et al., GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask
        Networks, ICML 2018, arXiv 1711.02257

    Args:
        count: L.
        alpha: pull of the training rates, 1.5 as in [0].
        lr: of the weights' own gradient step, 0.025 as in [0].
    """

    weights: Tensor
    first_losses: Tensor

    def __init__(self, count: int, alpha: float = 1.5, lr: float = 0.025) -> None:
        super().__init__(count)
        self.alpha, self.lr = alpha, lr
        self.register_buffer("weights", torch.ones(count))
        self.register_buffer("first_losses", torch.zeros(count))  # zeros: none seen

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        weights = self.weights
        if self.training:
            values = losses.detach().float()
            self.first_losses = torch.where(self.first_losses > 0, self.first_losses, values.clamp(min=1e-8))
            norms = gradient_products(losses, outputs, features).diagonal().clamp(min=0).sqrt()
            self.weights = gradnorm_step(weights, norms, values / self.first_losses, self.alpha, self.lr)
        return weights


class PCGradWeighting(Weighting):
    """Gradient surgery: each length's gradient loses what points against another's. [0]

    The projected gradients are sums of the lengths' own, hence the surgery is a weight a length
    (`projected_weights`).

    [0] Yu et al., Gradient Surgery for Multi-Task Learning, NeurIPS 2020, arXiv 2001.06782

    Args:
        count: L.
        seed: of the order of the projections, drawn anew at each call as in [0].
    """

    calls: Tensor

    def __init__(self, count: int, seed: int = 0) -> None:
        super().__init__(count)
        self.seed = seed
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
        """Weights (L,) of this step."""
        rng = np.random.default_rng((self.seed, int(self.calls)))
        if self.training:
            self.calls = self.calls + 1
        orders = [rng.permutation(self.count).tolist() for _ in range(self.count)]
        return projected_weights(gradient_products(losses, outputs, features), orders)


def gradient_products(losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
    """Inner products (L, L) of the gradients of the losses (L,) in the nested layer's weights W (B, D).

    No pass through W: with G_k = dL_k/du_k and features F, <g_k, g_i> = sum((G_k G_i^T) * (F F^T)),
    each G padded with zeros. Loss k sends its gradient to output k alone.
    """
    *shorter, longest = outputs
    gradients = longest.new_zeros(len(losses), *longest.shape)  # (L, M, B)
    if shorter:  # all in one pass
        found = torch.autograd.grad(losses[:-1].sum(), shorter, retain_graph=True)
        for padded, gradient in zip(gradients, found, strict=False):
            padded[:, : gradient.shape[1]] = gradient
    # By itself: where the longest output is the one that the others are slices of, all gradients meet.
    (gradients[-1],) = torch.autograd.grad(losses[-1], longest, retain_graph=True)
    with torch.no_grad():
        # sum((G_k G_i^T) * (F F^T)) = sum(G_k * (F F^T G_i))
        features = features.to(gradients.dtype)
        spread = (features @ features.T) @ gradients  # (L, M, B)
        return gradients.flatten(1) @ spread.flatten(1).T


def dominance_weights(products: Tensor, beta: float = 1.0) -> Tensor:
    """Weights (L,), summing to L, from the inner products s (L, L) of the lengths' gradients.

    Length i > k is scaled by a_ki = tau_k / -s_ki where s_ki < -tau_k, tau_k = beta s_kk / (L - 1), else
    by 1; and by no more than a_k,k+1.

    >>> dominance_weights(torch.tensor([[1.0, -2.0], [-2.0, 9.0]]))
    tensor([1.3333, 0.6667])
    """
    count = len(products)
    s = products.tolist()
    weights = [1.0] * count
    for k in range(count - 1):
        tau = beta * s[k][k] / (count - 1)
        scales = [1.0 if s[k][i] >= -tau else tau / -s[k][i] for i in range(k + 1, count)]
        for i, scale in enumerate(scales, k + 1):
            weights[i] *= min(scale, scales[0])
    total = sum(weights)
    return products.new_tensor([count * weight / total for weight in weights])


def gradnorm_step(weights: Tensor, norms: Tensor, ratios: Tensor, alpha: float, lr: float) -> Tensor:
    """One step of descent of sum_k |w_k norm_k - target_k| in the weights (L,), rescaled to sum to L.

    target_k = mean(w norm) (ratio_k / mean ratio)^alpha, held constant.

    Args:
        weights: (L,), positive.
        norms: (L,) of the gradients of the unweighted losses.
        ratios: (L,) of each loss to its first value.
        alpha: pull of the ratios.
        lr: learning rate.
    """
    weighted = weights * norms
    targets = weighted.mean() * (ratios / ratios.mean().clamp(min=1e-8)) ** alpha
    # A weight that the step would take below 0 stays a little above: its length is to learn again.
    moved = (weights - lr * torch.sign(weighted - targets) * norms).clamp(min=1e-3)
    return moved * len(moved) / moved.sum()


def projected_weights(products: Tensor, orders: Sequence[Sequence[int]]) -> Tensor:
    """Weights (L,) whose weighted sum of gradients is the sum of the projected ones.

    Gradient k starts as g_k and, for each i of `orders[k]` but k, loses its part along g_i where the two
    point against each other; so it stays a sum of all g, and (L, L) coefficients tell it.

    >>> projected_weights(torch.tensor([[1.0, -1.0], [-1.0, 2.0]]), [[0, 1], [0, 1]])
    tensor([2.0000, 1.5000])
    """
    inner = products.double().cpu()
    coefficients = torch.eye(len(inner), dtype=torch.double)
    for k, order in enumerate(orders):
        for i in order:
            conflict = coefficients[k] @ inner[:, i]
            if i != k and conflict < 0:
                coefficients[k, i] -= conflict / inner[i, i]
    return coefficients.sum(0).to(products)


WEIGHTINGS: dict[str, type[Weighting]] = {
    "nhl": NHLWeighting,
    "equal": EqualWeighting,
    "static": StaticWeighting,
    "uncertainty": UncertaintyWeighting,
    "gradnorm": GradNormWeighting,
    "pcgrad": PCGradWeighting,
}
"""Every weighting by its name: `WEIGHTINGS[name](count, **constants)`."""
