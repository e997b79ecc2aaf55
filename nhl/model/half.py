"""Half precision, where it holds what it is given."""

from torch import Tensor

ROUNDING = 2.0**-11  # at most, of a number within the range of half precision


def in_half(values: Tensor) -> Tensor:
    """Values in half precision; in single precision where some lie above its range, or all of them below.

    Its range is 65,504 down to 2⁻¹⁴. The largest value decides what is below, for the smallest seldom count.

    >>> import torch
    >>> [in_half(torch.tensor([1.0, scale])).dtype for scale in (1.0, 1e5, 1e-9)]
    [torch.float16, torch.float32, torch.float16]
    >>> in_half(torch.tensor([1e-6, 1e-9])).dtype
    torch.float32
    """
    single, half = values.float(), values.half()
    if not values.numel():
        return half
    error = (half.float() - single).abs().max()
    return half if error <= ROUNDING * single.abs().max() else single
