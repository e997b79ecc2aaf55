"""A backbone and a nested hash layer: images to codes of every length."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin, snapshot_download
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nhl.atomic_write import atomic_write
from nhl.centers import hash_centers
from nhl.codes import pack
from nhl.images import load_image
from nhl.layer import NestedHashLayer
from nhl.model.backbones import create_backbone, feature_width
from nhl.model.checkpoint import (
    CONFIG,
    EVALUATION,
    REMEDY,
    SUMS,
    WEIGHTS,
    CheckpointError,
    Config,
    read_config,
    seal,
    weights_path,
    write_config,
)
from nhl.model.half import in_half

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class NestedHashModel(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="nested-hashing",
    tags=["image-retrieval", "hashing"],
    paper_url="https://arxiv.org/abs/2412.08922",
):
    """Images (M, 3, S, S) to L outputs (M, b), the shortest first.

    It is saved as this project's checkpoints are, to a folder or, by `push_to_hub`, to a model hub.

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
        """Images (M, 3, S, S) to L outputs (M, b); where the configuration says `mirror`, outside training, the means
        over images and their mirror images."""
        features = self.backbone(images)
        if self.config.mirror and not self.training:
            features = (features + self.backbone(images.flip(-1))) / 2
        outputs: tuple[Tensor, ...] = self.layer(features)
        return outputs

    @torch.no_grad()
    def encode(
        self, images: Sequence[Image.Image | str | Path | bytes], batch_size: int = 32
    ) -> NDArray[np.uint8]:
        """Pictures (PIL images, paths or bytes) to packed codes (N, B/8), on the model's own device.

        `nhl.model.encode.Encoder` gives the same codes faster on a CPU.
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

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        repo_id: str | None = None,
        push_to_hub: bool = False,
        model_card_kwargs: dict[str, Any] | None = None,
        **push_to_hub_kwargs: Any,
    ) -> str | None:
        """Write `config.json` and `model.safetensors` into a folder.

        Weights are stored in half precision, but for tensors that it does not hold (`nhl.model.half`).

        Args:
            save_directory: the folder, made where it is missing.
            repo_id: where to push to; by default the folder's name.
            push_to_hub: also push to a model hub.
            model_card_kwargs: where given, a `README.md` is written if there is none.
            push_to_hub_kwargs: for `push_to_hub`.

        Returns:
            The address of what was pushed, if anything was.

        Raises:
            ValueError: if a weight is not finite; nothing is written.
        """
        folder = Path(save_directory)
        stored = {name: _stored(name, values) for name, values in self.state_dict().items()}
        write_config(folder, self.config)
        with atomic_write(folder / WEIGHTS) as partial:
            save_file(stored, partial)
        seal(folder, WEIGHTS)
        if model_card_kwargs is not None and not (folder / "README.md").exists():
            self.generate_model_card(**model_card_kwargs).save(folder / "README.md")
        if not push_to_hub:
            return None
        return self.push_to_hub(repo_id or folder.name, **push_to_hub_kwargs)

    def push_to_hub(
        self, repo_id: str, *, model_card_kwargs: dict[str, Any] | None = None, **settings: Any
    ) -> str:
        """Push the checkpoint, with a model card, to a model hub; `settings` as for any model there.

        Returns:
            The address of the commit.
        """
        address: str = super().push_to_hub(repo_id, model_card_kwargs=model_card_kwargs or {}, **settings)
        return address

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | Path, **hub_settings: Any
    ) -> "NestedHashModel":
        """The model of a checkpoint folder, or of a model hub, in evaluation mode, single precision.

        Args:
            pretrained_model_name_or_path: a folder, or else a hub's name such as `someone/model`; a `Path` is a
                folder always, so that one that a user typed is no question to a hub.
            hub_settings: for the hub: revision, token, cache_dir, force_download, local_files_only.

        Raises:
            CheckpointError: if there is no whole checkpoint, or the weights do not fit it or are not finite.
        """
        folder, name = Path(pretrained_model_name_or_path), str(pretrained_model_name_or_path)
        typed = isinstance(pretrained_model_name_or_path, Path)
        if not typed and not folder.exists() and _HUB_NAME.fullmatch(name):
            wanted = [CONFIG, WEIGHTS, EVALUATION, SUMS]
            try:
                folder = Path(snapshot_download(name, allow_patterns=wanted, **hub_settings))
            except (OSError, ValueError) as error:  # no such model, or no network
                raise CheckpointError(
                    f"no checkpoint in {name}: there is no such folder, and the hub does not give it ({error})"
                ) from error
        model = cls(read_config(folder))
        path = weights_path(folder)
        try:
            model.load_state_dict(load_file(path))
        except (SafetensorError, RuntimeError) as error:
            raise CheckpointError(f"{path} is damaged or belongs to another model: {error}") from error
        if bad := _not_finite(model.state_dict()):
            raise CheckpointError(f"{path} holds NaN or infinity in `{bad}`: {REMEDY}")
        return model.eval()


def _stored(name: str, values: Tensor) -> Tensor:
    """Weights as they are kept."""
    values = values.contiguous().cpu()
    if not values.is_floating_point():
        return values
    values = values.float()
    if _not_finite({name: values}):
        raise ValueError(
            f"weights must be finite but `{name}` holds NaN or infinity: train again with a lower learning rate"
        )
    return in_half(values)


def _not_finite(weights: Mapping[str, Tensor]) -> str | None:
    """The name of the first tensor that holds NaN or infinity, if one does."""
    return next((name for name, values in weights.items() if not values.isfinite().all()), None)
