"""A picture classifier as many write it. `your_own_model.py` is the same with nested codes: lay them side by side.

python -m examples.your_own_model_before
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models import resnet18

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
    head = nn.Linear(512, CLASSES)
    optimizer = torch.optim.AdamW([*backbone.parameters(), *head.parameters()], lr=1e-3)
    history = []
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(32):
            features = backbone(images[batch])
            outputs = head(features)
            loss = cross_entropy(outputs, labels[batch])
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
    print(f"{(outputs.argmax(1) == labels).float().mean():.0%} of new pictures told right")


if __name__ == "__main__":
    main()
