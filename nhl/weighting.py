"""How much each length's objective counts: gradients to weights (L,)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def equal_weights(losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
    """All ones: the plain sum of the lengths' values."""
    return torch.ones_like(losses)


def nhl_weights(losses: Tensor, outputs: Sequence[Tensor], features: Tensor, beta: float = 1.0) -> Tensor:
    """Dominance-aware weights: a longer length that fights a shorter one is held back. [0]

    With g_k the gradient of the k-th value in the layer's weights and s_ki = <g_k, g_i> over the rows
    they share, length i > k is scaled by a_ki = min(1, tau_k / -s_ki) where s_ki < -tau_k, with
    tau_k = beta |g_k|^2 / (L - 1). No backward pass through the weights is needed: with
    G_k = dL_k/du_k and the features F, <g_k, g_i> = sum((G_k G_i[:, :b_k]^T) * (F F^T)).

    [0] He et al., Nested Hash Layer, 2024, arXiv 2412.08922

    Args:
        losses: (L,), with their graph.
        outputs: L outputs (M, b) of one layer, the shortest first, the last the layer's own output.
        features: (M, D), what went into the layer.
        beta: 1 as in [0].

    Returns:
        (L,), summing to L, without gradient.
    """
    return dominance_weights(gradient_products(losses, outputs, features), beta)


def gradient_products(losses: Tensor, outputs: Sequence[Tensor], features: Tensor) -> Tensor:
    """Inner products (L, L) of the gradients of the losses (L,) in the nested layer's weights."""
    z, count = outputs[-1], len(losses)
    gradients = torch.stack([torch.autograd.grad(loss, z, retain_graph=True)[0] for loss in losses])
    with torch.no_grad():
        gram = features @ features.T  # (M, M)
        # sum((G_k G_i^T) * (F F^T)) = sum(G_k * (F F^T G_i)); G_k is zero beyond its own b_k columns.
        spread = torch.einsum("mn,knb->kmb", gram, gradients)
        return (gradients.reshape(count, -1) @ spread.reshape(count, -1).T).view(count, count)


def dominance_weights(products: Tensor, beta: float = 1.0) -> Tensor:
    """Weights (L,) from the inner products (L, L) of the lengths' gradients, as in `nhl_weights`."""
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


WEIGHTINGS: dict[str, Callable[[Tensor, Sequence[Tensor], Tensor], Tensor]] = {
    "nhl": nhl_weights,
    "equal": equal_weights,
}
