"""The course of a training for TensorBoard."""

from pathlib import Path

from nhl.training.train import Progress


class TensorBoard:
    """A callback of `train` that writes losses and weights of every length, and the validation mAP.

    Args:
        folder: of the checkpoint; the log is in `tensorboard` under it.
        lengths: code lengths in bits.

    Raises:
        ModuleNotFoundError: if TensorBoard is not installed.
    """

    def __init__(self, folder: str | Path, lengths: tuple[int, ...]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ModuleNotFoundError(
                "logging for TensorBoard needs the package tensorboard: pip install tensorboard"
            ) from error
        self._writer = SummaryWriter(str(Path(folder) / "tensorboard"))
        self._lengths = lengths

    def __call__(self, now: Progress) -> None:
        """Write one epoch; an epoch that is trained again takes the place of the one before."""
        for what, values in (("loss", now.losses), ("weight", now.weights)):
            for length, value in zip(self._lengths, values, strict=True):
                self._writer.add_scalar(f"{what}/{length} bits", value, now.epoch)
        if now.validation is not None:
            self._writer.add_scalar("validation mAP", now.validation, now.epoch)
        self._writer.flush()
