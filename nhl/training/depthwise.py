"""Depthwise convolutions whose gradients in bfloat16 do not take the slow way of a CPU.

For two of them torch has no fast kernel there: that of the inputs at a stride above 1, and that of weights larger
than 3 x 3. The first is a convolution too, of gradients spread apart; the second is quicker in float32. The
numbers are the same up to rounding. What a training step gains by it: `python -m benchmarks train`.
"""

from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.layers.padding import pad_same
from torch import Tensor, nn
from torch.nn.functional import conv2d


class _Depthwise(torch.autograd.Function):
    """Inputs (M, D, H, W) and weights (D, 1, k, k) to outputs (M, D, H', W')."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, stride: int, padding: int) -> Tensor:
        ctx.save_for_backward(inputs, weights)
        ctx.stride, ctx.padding = stride, padding
        return conv2d(inputs, weights, None, stride, padding, groups=len(weights))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        inputs, weights = ctx.saved_tensors
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        of_inputs = of_weights = None
        if ctx.needs_input_grad[0]:
            of_inputs = _of_inputs(gradient, inputs, weights, ctx.stride, ctx.padding)
        if ctx.needs_input_grad[1]:
            of_weights = _of_weights(gradient, inputs, weights, ctx.stride, ctx.padding)
        return of_inputs, of_weights, None, None


def _of_inputs(gradient: Tensor, inputs: Tensor, weights: Tensor, stride: int, padding: int) -> Tensor:
    size, (height, width) = weights.shape[-1], inputs.shape[2:]
    if stride > 1:  # as if the stride were 1 and the outputs between had no gradient
        spread = gradient.new_zeros(
            len(inputs), height + 2 * padding - size + 1, width + 2 * padding - size + 1, len(weights)
        )
        spread[:, ::stride, ::stride] = gradient.permute(0, 2, 3, 1)
        gradient = spread.permute(0, 3, 1, 2)
    return conv2d(gradient, weights.flip(2, 3), None, 1, size - 1 - padding, groups=len(weights))


def _of_weights(gradient: Tensor, inputs: Tensor, weights: Tensor, stride: int, padding: int) -> Tensor:
    found = [gradient, inputs, weights]
    if weights.shape[-1] > 3:
        found = [part.float() for part in found]
    how = ([stride] * 2, [padding] * 2, [1, 1], False, [0, 0], len(weights), [False, True, False])
    return torch.ops.aten.convolution_backward(*found, None, *how)[1].to(weights.dtype)


class _Quick(nn.Conv2d):
    def forward(self, inputs: Tensor) -> Tensor:
        half = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
        if not (half and torch.is_grad_enabled()):
            return super().forward(inputs)
        padded = self.padded(inputs).bfloat16()
        return _Depthwise.apply(padded, self.weight.bfloat16(), self.stride[0], self.padding[0])

    def padded(self, inputs: Tensor) -> Tensor:
        """What the convolution itself does not pad."""
        return inputs


class _QuickSame(_Quick, Conv2dSame):
    def padded(self, inputs: Tensor) -> Tensor:
        """As TensorFlow's "same" does."""
        return pad_same(inputs, self.kernel_size, self.stride, self.dilation)


_QUICK: dict[type[nn.Module], type[nn.Module]] = {nn.Conv2d: _Quick, Conv2dSame: _QuickSame}


def use_fast_depthwise(network: nn.Module) -> None:
    """Make the depthwise convolutions of a network learn quickly under bfloat16 autocast on a CPU, in place.

    Those without bias, of a square kernel of odd size, of one stride and undilated; weights, results and
    `state_dict` stay.
    """
    for module in network.modules():
        if type(module) in _QUICK and _fits(module):
            module.__class__ = _QUICK[type(module)]


def _fits(conv: nn.Module) -> bool:
    assert isinstance(conv, nn.Conv2d)
    depthwise = conv.groups == conv.in_channels == conv.out_channels > 1
    (high, wide), (down, across) = conv.kernel_size, conv.stride
    plain = conv.bias is None and conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return (
        depthwise and plain and high == wide and high % 2 == 1 and down == across and conv.dilation == (1, 1)
    )
