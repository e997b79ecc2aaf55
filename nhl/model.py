"""A backbone and a nested hash layer: images to codes of every length."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nhl.backbones import create_backbone, feature_width
from nhl.centers import hash_centers
from nhl.checkpoint import WEIGHTS, CheckpointError, Config, read_config, weights_path, write_config
from nhl.codes import pack
from nhl.images import load_image
from nhl.layer import NestedHashLayer


class NestedHashModel(nn.Module):
    """Images (M, 3, S, S) to L outputs (M, b), the shortest first.

    Args:
        config: backbone, lengths, classes, preprocessing.
        pretrained: start the backbone from ImageNet weights.
    """

    centers: Tensor

    def __init__(self, config: Config, pretrained: bool = False) -> None:
        super().__init__()
        self.config = config
        self.backbone = create_backbone(config.backbone, pretrained)
        self.layer = NestedHashLayer(feature_width(self.backbone), config.lengths)
        centers = hash_centers(max(1, len(config.classes)), config.lengths[-1])
        self.register_buffer("centers", torch.from_numpy(centers.copy()))  # (C, B)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images (M, 3, S, S) to L outputs (M, b)."""
        outputs: tuple[Tensor, ...] = self.layer(self.backbone(images))
        return outputs

    @torch.no_grad()
    def encode(
        self, images: Sequence[Image.Image | str | Path | bytes], batch_size: int = 32
    ) -> NDArray[np.uint8]:
        """Pictures (PIL images, paths or bytes) to packed codes (N, B/8), on the model's own device.

        `nhl.encode.Encoder` gives the same codes faster on a CPU.
        """
        was_training, device = self.training, self.layer.linear.weight.device
        self.eval()
        codes = [np.empty((0, self.config.lengths[-1] // 8), dtype=np.uint8)]
        for start in range(0, len(images), batch_size):
            pictures = [load_image(image) for image in images[start : start + batch_size]]
            batch = np.stack([self.config.preprocessing(picture) for picture in pictures])
            codes.append(pack(self(torch.from_numpy(batch).to(device))[-1].float().cpu().numpy()))
        self.train(was_training)
        return np.concatenate(codes)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write `config.json` and `model.safetensors` (half precision) into a folder."""
        write_config(folder, self.config)
        half = {k: v.half() if v.is_floating_point() else v for k, v in self.state_dict().items()}
        save_file({k: v.contiguous().cpu() for k, v in half.items()}, Path(folder) / WEIGHTS)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "NestedHashModel":
        """The model of a checkpoint folder, in evaluation mode, single precision.

        Raises:
            CheckpointError: if the folder holds no whole checkpoint, or the weights do not fit it.
        """
        model = cls(read_config(folder))
        path = weights_path(folder)
        try:
            model.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise CheckpointError(f"{path} is damaged or belongs to another model: {error}") from error
        return model.eval()
