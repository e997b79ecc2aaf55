"""The network and the loop of `your_own_model_before.py`, taught nested codes by nine lines, marked `+nested`.

It prints the classes of the pictures nearest to one, by code length. A loss of your own is nested in the
same way: `NestedLoss(YourLoss, LENGTHS)`, if `YourLoss(length)` makes it.

python -m examples.your_own_model
"""

import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from nhl import WEIGHTINGS, NestedHashLayer, NestedIndex, NestedLoss, pack  # +nested
from nhl.codes import LENGTHS  # +nested

CLASSES = 4


def synthetic_pictures(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Made-up data in place of yours: noise (N, 3, 32, 32) in which one quarter, the class (N,), is brighter."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(CLASSES, (count,), generator=random)
    images = torch.randn(count, 3, 2, 16, 2, 16, generator=random)
    images[torch.arange(count), :, labels // 2, :, labels % 2] += 1
    return images.reshape(count, 3, 32, 32), labels


def train(images: Tensor, labels: Tensor, epochs: int) -> tuple[nn.Module, nn.Module, list[float]]:
    """A backbone and a head that have learnt the pictures, and the mean loss of each epoch."""
    torch.manual_seed(0)
    backbone = resnet18(weights=None)
    backbone.fc = nn.Identity()
    head = NestedHashLayer(512, LENGTHS)  # +nested
    objective = NestedLoss("orthohash", LENGTHS, CLASSES)  # +nested
    weighting = WEIGHTINGS["nhl"](len(LENGTHS))  # +nested
    optimizer = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=1e-3)
    history = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(32):
            features = backbone(images[batch])
            outputs = head(features)
            losses = objective(outputs, labels[batch])  # +nested
            loss = (weighting(losses, outputs, features) * losses).sum()  # +nested
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        history.append(total / len(images))
    return backbone.eval(), head.eval(), history


def main(count: int = 256, epochs: int = 4) -> None:
    """Learn made-up pictures; show what comes out for new ones."""
    backbone, head, history = train(*synthetic_pictures(count, seed=0), epochs)
    print("loss of each epoch:", *(f"{loss:.3f}" for loss in history))
    images, labels = synthetic_pictures(64, seed=1)
    with torch.no_grad():
        outputs = head(backbone(images))
    codes = pack(outputs[-1])  # +nested
    print({b: labels[NestedIndex(codes).search(codes[:1], b, k=6)[1]].tolist() for b in LENGTHS})  # +nested


if __name__ == "__main__":
    main()
