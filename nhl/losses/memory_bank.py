"""The codes last seen of all training images, for losses that compare a batch with more than itself."""

import torch
from torch import Tensor, nn

from nhl.codes import check_lengths


class MemoryBank(nn.Module):
    """One bank of the longest codes; those of each shorter length are its prefix.

    It knows the training images by their numbers 0..N-1 and their labels, given once, and takes a code
    only of an image it knows, in training: nothing of a validation or test image can get in.

    >>> bank = MemoryBank(torch.tensor([0, 1, 1]), 8)
    >>> codes, labels = bank(torch.ones(1, 8), torch.tensor([1]), torch.tensor([2]))
    >>> codes.shape, labels
    (torch.Size([1, 8]), tensor([1]))

    Args:
        labels: (N,) class numbers or (N, C) zeros and ones of the training images.
        length: B, the longest length.
        momentum: share of the code before in the code kept, from 0 (the last alone) to below 1.

    Raises:
        ValueError: if an argument breaks its rule; when called, if the bank is not in training, or an
            image is not one of those it knows.
    """

    labels: Tensor
    codes: Tensor
    seen: Tensor

    def __init__(self, labels: Tensor, length: int, momentum: float = 0.0) -> None:
        super().__init__()
        (self.length,) = check_lengths([length])
        if labels.ndim not in (1, 2) or len(labels) == 0:
            raise ValueError(f"`labels` must have shape (N,) or (N, C), N > 0, but got {tuple(labels.shape)}")
        if not 0 <= momentum < 1:
            raise ValueError(f"`momentum` must be at least 0 and below 1 but got {momentum}")
        self.momentum = momentum
        self.register_buffer("labels", labels.clone(), persistent=False)
        self.register_buffer("codes", torch.zeros(len(labels), length))
        self.register_buffer("seen", torch.zeros(len(labels), dtype=torch.bool))

    @torch.no_grad()
    def _keep(self, codes: Tensor, indices: Tensor) -> None:
        dtype = torch.promote_types(self.codes.dtype, codes.dtype)
        self.codes = self.codes.to(dtype)  # a finer batch makes the bank finer, a coarser one not coarser
        share = self.momentum * self.seen[indices].to(dtype).unsqueeze(1)  # a first code is kept whole
        self.codes[indices] = share * self.codes[indices] + (1 - share) * codes.to(dtype)
        self.seen[indices] = True

    def forward(self, codes: Tensor, labels: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Keep the codes of a batch, then give those of all images seen so far.

        Args:
            codes: (M, B) real codes of training images.
            labels: their labels, which must be those that the bank knows.
            indices: (M,) their numbers, each once.

        Returns:
            Codes (n, B) of the batch's precision, without gradient, and their labels, of the n <= N images seen.
        """
        if not (self.training and torch.is_grad_enabled()):
            raise ValueError("a memory bank takes codes in training only, but the model is being evaluated")
        if codes.shape != (len(indices), self.length):
            raise ValueError(
                f"`codes` must have shape ({len(indices)}, {self.length}) but got {tuple(codes.shape)}"
            )
        count = len(self.labels)
        if ((indices < 0) | (indices >= count)).any() or len(indices.unique()) < len(indices):
            raise ValueError(
                f"`indices` must be different numbers from 0 to {count - 1} but got {indices.tolist()}"
            )
        if not torch.equal(self.labels[indices], labels):
            raise ValueError(
                "`labels` must be those of the training images `indices`: a memory bank takes "
                "neither other images nor blended ones"
            )
        self._keep(codes, indices)
        return self.codes[self.seen].to(codes.dtype), self.labels[self.seen]
