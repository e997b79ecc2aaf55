from copy import deepcopy

import pytest
import torch
from timm.layers.conv2d_same import Conv2dSame

from nhl.model.backbones import create_backbone
from nhl.training.depthwise import use_fast_depthwise


def gradients(conv: torch.nn.Module, inputs: torch.Tensor, half: bool) -> list[torch.Tensor]:
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        outputs = conv(inputs)
    generator = torch.Generator().manual_seed(1)
    outputs.float().backward(torch.randn(outputs.shape, generator=generator))
    found = [outputs.detach().float(), inputs.grad, conv.weight.grad]
    inputs.grad = conv.weight.grad = None
    return found


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("same", [True, False])
def test_gradients_are_those_of_torch_up_to_rounding(kernel: int, stride: int, size: int, same: bool) -> None:
    torch.manual_seed(0)
    kind, padding = (Conv2dSame, 0) if same else (torch.nn.Conv2d, kernel // 2)
    conv = kind(16, 16, kernel, stride, padding, groups=16, bias=False)
    inputs = torch.randn(4, 16, size, size, requires_grad=True)
    expected = gradients(conv, inputs, half=False)
    use_fast_depthwise(conv)
    assert type(conv) is not kind
    for quick, plain in zip(gradients(conv, inputs, half=True), expected, strict=True):
        assert quick.shape == plain.shape
        assert (quick - plain).norm() < 0.01 * plain.norm()
    for same_path, plain in zip(gradients(conv, inputs, half=False), expected, strict=True):
        assert torch.equal(same_path, plain)  # in single precision nothing is changed


def test_a_network_keeps_weights_and_copies() -> None:
    network = create_backbone("test_efficientnet.r160_in1k")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    use_fast_depthwise(network)
    kinds = [type(module).__name__ for module in deepcopy(network).modules()]
    assert any(kind.startswith("_Quick") for kind in kinds)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    "conv",
    [
        torch.nn.Conv2d(8, 8, 3, 1, 1),
        torch.nn.Conv2d(8, 8, 3, 1, 1, groups=8),
        torch.nn.Conv2d(8, 8, (3, 5), 1, groups=8, bias=False),
        torch.nn.Conv2d(8, 8, 3, 1, groups=8, bias=False, dilation=2),
        torch.nn.Conv2d(8, 8, 3, groups=8, bias=False, padding="same"),
    ],
)
def test_other_convolutions_stay(conv: torch.nn.Conv2d) -> None:
    use_fast_depthwise(conv)
    assert type(conv) is torch.nn.Conv2d
