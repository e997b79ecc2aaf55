"""DPN: the deep polarised network."""

from torch import Tensor

from nhl.losses.base import CenterLoss


class DPNLoss(CenterLoss):
    """Hinge that drives each bit beyond a margin, to the side of the class's hash centre. [0]

    mean max(0, m - u t), t the target of the image

    [0] Fan et al., Deep Polarized Network for Supervised Learning of Accurate Binary Hashing Codes,
        IJCAI 2020, https://www.ijcai.org/proceedings/2020/115

    Args:
        length: b, a multiple of 8.
        classes: C.
        margin: m, 1 as in [0].
        seed: of the hash centres.
    """

    def __init__(self, length: int, classes: int, margin: float = 1.0, seed: int = 0) -> None:
        super().__init__(length, classes, seed)
        self.margin = margin

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        """Real codes (M, b) and labels to a scalar."""
        targets = self.targets(self.members(codes, labels))
        return (self.margin - codes * targets).clamp(min=0).mean()
