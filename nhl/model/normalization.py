"""The input's arithmetic in torch: alone, and before a network."""

import torch
from torch import Tensor, nn

from nhl.model.network import NestedHashModel
from nhl.model.preprocessing import Preprocessing


class Normalization(nn.Module):
    """Images (M, 3, S, S), values 0 to 255, to the scale of a network, single precision; their memory format stays.

    Args:
        preprocessing: whose mean and deviation count.

    >>> Normalization(Preprocessing())(torch.tensor([0, 255, 255], dtype=torch.uint8).view(1, 3, 1, 1)).flatten()
    tensor([-1.,  1.,  1.])
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        for name, values in zip(("scale", "shift"), preprocessing.affine(), strict=True):
            self.register_buffer(name, torch.from_numpy(values).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """The images on the network's scale."""
        return images.float() * self.scale - self.shift


class FromPixels(nn.Module):
    """A network with its normalization: pixels (M, S, S, 3), uint8, to the longest outputs (M, B)."""

    def __init__(self, model: NestedHashModel) -> None:
        super().__init__()
        self.normalize, self.model = Normalization(model.config.preprocessing), model

    def forward(self, pixels: Tensor) -> Tensor:
        """The outputs of pixels; a network that keeps its weights channels last gets its images so."""
        outputs: Tensor = self.model(self.normalize(pixels.permute(0, 3, 1, 2)))[-1]
        return outputs
