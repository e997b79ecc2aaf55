"""Random views of whole batches, on the device where the network learns: drawings on white, and photographs.

Each picture of a batch is changed by itself: moved by one affine map, then coloured. Only whole batches are computed,
so that a GPU does it in a few launches.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, max_pool2d

WHITE_ABOVE = 0.96  # all channels of the paper on which a drawing lies
GREY = (0.299, 0.587, 0.114)


class Draw:
    """Random numbers on a device, from one seed.

    Args:
        seed: of everything drawn.
        device: where the numbers are.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        self.generator = torch.Generator(device).manual_seed(seed)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Numbers from low to high."""
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def sometimes(self, share: float, count: int) -> Tensor:
        """True (count,) for about that share."""
        return torch.rand(count, generator=self.generator, device=self.device) < share


def drawings(images: Tensor, size: int, draw: Draw, backgrounds: Tensor | None = None) -> Tensor:
    """Drawings (M, 3, H, H) on white, turned, sheared, scaled, shifted, mirrored and coloured: (M, 3, S, S).

    A quarter of them gets black outlines.

    Args:
        images: bytes.
        size: S.
        draw: random numbers.
        backgrounds: (M, 3, S, S) on the scale 0 to 1; a third of the drawings lies on one instead of white.

    Returns:
        Pictures on the scale 0 to 1.
    """
    count = len(images)
    angle = draw.uniform(-math.pi / 9, math.pi / 9, count)
    scale = draw.uniform(0.6, 1.25, count)
    shear = draw.uniform(-0.14, 0.14, count)
    shift = draw.uniform(-0.2, 0.2, count, 2)  # of half the side
    mirror = torch.where(draw.sometimes(0.5, count), -1.0, 1.0)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    maps = torch.stack(
        [
            torch.stack([mirror * cos, mirror * (sin + shear), mirror * shift[:, 0]], 1),
            torch.stack([-sin, cos, shift[:, 1]], 1),
        ],
        1,
    )  # (M, 2, 3), from the view to the drawing
    grid = torch.nn.functional.affine_grid(maps, [count, 3, size, size], align_corners=False)
    ink = grid_sample(images.float() / 255 - 1, grid, mode="bilinear", align_corners=False) + 1
    paper = (ink > WHITE_ABOVE).all(1, keepdim=True)
    below = torch.ones_like(ink)
    if backgrounds is not None:
        below = torch.where(draw.sometimes(1 / 3, count).view(-1, 1, 1, 1), backgrounds, below)
    return torch.where(paper, below, colored(_outlined(ink, draw), draw))


def photographs(images: Tensor, size: int, draw: Draw) -> Tensor:
    """Photographs (M, 3, H, H), cropped, some of them on white, mirrored and coloured: (M, 3, S, S).

    A crop shows 30 to 100 % of the area. Half of them are letter-boxed on white, as a picture that is not square is, and
    a third shrunk.

    Args:
        images: bytes.
        size: S.
        draw: random numbers.

    Returns:
        Pictures on the scale 0 to 1.
    """
    count = len(images)
    side = draw.uniform(0.3, 1.0, count).sqrt()
    aspect = draw.uniform(-0.29, 0.29, count).exp()
    extent = torch.stack([side * aspect.sqrt(), side / aspect.sqrt()], 1).clamp(max=1)  # (M, 2), of x and y
    middle = draw.uniform(-1, 1, count, 2) * (1 - extent)
    box = draw.uniform(-math.log(2), math.log(2), count) * draw.sometimes(0.5, count)
    frame = torch.stack([box.clamp(max=0).exp(), (-box).clamp(max=0).exp()], 1)
    shrink = torch.where(draw.sometimes(0.3, count), draw.uniform(0.5, 1, count), torch.ones_like(side))
    frame = frame * shrink[:, None]
    mirror = torch.where(draw.sometimes(0.5, count), -1.0, 1.0)
    line = (torch.arange(size, device=images.device) + 0.5) * 2 / size - 1
    within = line / frame[:, :, None]  # (M, 2, S), -1 to 1 inside the frame
    place = middle[:, :, None] + extent[:, :, None] * within
    x = (mirror[:, None] * place[:, 0])[:, None, :].expand(-1, size, -1)
    y = place[:, 1][:, :, None].expand(-1, -1, size)
    found = grid_sample(
        images.float() / 255,
        torch.stack([x, y], 3),
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    found = colored(_blurred(found, draw), draw)
    inside = within.abs() <= 1
    return torch.where((inside[:, 0, None, :] & inside[:, 1, :, None])[:, None], found, 1.0)


def crops(images: Tensor, draw: Draw) -> Tensor:
    """Pictures (M, 3, S, S), each cropped to 50 to 100 % of its area and as large as before; half of them mirrored."""
    count = len(images)
    side = draw.uniform(0.5, 1.0, count).sqrt()
    shift = draw.uniform(-1, 1, count, 2) * (1 - side)[:, None]
    mirror = torch.where(draw.sometimes(0.5, count), -side, side)
    none = torch.zeros_like(side)
    maps = torch.stack(
        [torch.stack([mirror, none, shift[:, 0]], 1), torch.stack([none, side, shift[:, 1]], 1)], 1
    )
    grid = torch.nn.functional.affine_grid(maps, list(images.shape), align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def colored(images: Tensor, draw: Draw) -> Tensor:
    """Pictures (M, 3, S, S) of 0 to 1 with another brightness, contrast, saturation and hue; a tenth of them grey."""
    count = len(images)
    bright, contrast, color = (draw.uniform(0.65, 1.35, count).view(-1, 1, 1, 1) for _ in range(3))
    weights = images.new_tensor(GREY).view(1, 3, 1, 1)
    color = torch.where(draw.sometimes(0.1, count).view(-1, 1, 1, 1), 0.0, color)
    turn = draw.uniform(-0.3, 0.3, count)
    images = torch.einsum("mij,mjhw->mihw", _hue(turn), images)
    grey = (images * weights).sum(1, keepdim=True)
    images = grey + color * (images - grey)
    mean = grey.mean((2, 3), keepdim=True)
    images = mean + contrast * (images - mean)
    return (bright * images).clamp(0, 1)


def _hue(turn: Tensor) -> Tensor:
    """Rotations (M, 3, 3) of the colours round the grey axis, which leave white as it is."""
    cos, sin = turn.cos(), turn.sin() / math.sqrt(3)
    rest = (1 - cos) / 3
    a, b, c = cos + rest, rest - sin, rest + sin
    return torch.stack([torch.stack(row, 1) for row in ((a, b, c), (c, a, b), (b, c, a))], 1)


def _outlined(images: Tensor, draw: Draw) -> Tensor:
    """A quarter of the drawings with black outlines, as many styles have; a fifth of these in outline alone."""
    outlined, bare = draw.sometimes(0.25, len(images)), draw.sometimes(0.2, len(images))
    grey = (images * images.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    step = max_pool2d(grey, 3, 1, 1) + max_pool2d(-grey, 3, 1, 1)  # from darkest to lightest neighbour
    lines = (8 * (step - 0.1)).clamp(0, 1) * outlined.view(-1, 1, 1, 1)
    return torch.where((outlined & bare).view(-1, 1, 1, 1), 1.0, images) * (1 - lines)


def _blurred(images: Tensor, draw: Draw) -> Tensor:
    """A tenth of the pictures out of focus."""
    soft = avg_pool2d(images, 5, 1, 2, count_include_pad=False)
    return torch.where(draw.sometimes(0.1, len(images)).view(-1, 1, 1, 1), soft, images)
