"""A trained network in a file for other programs: ONNX or OpenVINO, checked against the original.

The file takes `pixels` (M, S, S, 3), uint8, RGB, and gives `outputs` (M, B): bit i of a code is 1 where
output i is 0 or more. The preprocessing's arithmetic is inside; its resizing to S x S is not.
"""

import importlib
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nhl.images import ImageSource, load_image
from nhl.model.checkpoint import read_config
from nhl.model.runtimes import import_openvino, save_graph

if TYPE_CHECKING:
    from nhl.model.network import NestedHashModel

LEAST_EQUAL = 0.999
NEAR_ZERO = 1e-2  # of the outputs' root mean square


@dataclass(frozen=True)
class Check:
    """How well a file agrees with the network that it was made from.

    Args:
        pictures: how many were encoded by both.
        equal: share of their bits that agree.
        farthest: the largest output, as a share of the outputs' root mean square, whose bit differs.
    """

    pictures: int
    equal: float
    farthest: float

    def __str__(self) -> str:
        told = f"{self.equal:.4%} of the bits of {self.pictures} pictures are equal"
        return told if self.equal == 1 else f"{told}, the others within {self.farthest:.1e} of zero"


def export_model(
    checkpoint: str | Path, to: str | Path, pictures: Sequence[ImageSource] | None = None
) -> Check:
    """Write a checkpoint's network to a file, after a check that it gives the same codes.

    Args:
        checkpoint: the folder of the model.
        to: a file ending in `.onnx` (needs the package onnx) or `.xml` (OpenVINO; its weights beside it).
        pictures: for the check; by default random ones.

    Raises:
        ValueError: if the ending is another, there are no pictures, or the codes differ.
        ModuleNotFoundError: if the package onnx is needed and missing.
    """
    to = Path(to)
    if to.suffix not in FORMATS:
        raise ValueError(f"`to` must end on {' or '.join(FORMATS)} but got {to.name!r}")
    read_config(checkpoint)
    images = random_pictures() if pictures is None else [load_image(picture) for picture in pictures]
    if not images:
        raise ValueError("`pictures` must hold at least one picture but is empty")
    if to.suffix == ".onnx":
        _import_onnx()
    from nhl.model.network import NestedHashModel  # takes seconds, and mistakes are answered before

    model = NestedHashModel.from_pretrained(Path(checkpoint))
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as work:
        path = Path(work) / to.name
        FORMATS[to.suffix](Path(checkpoint), path)
        check = _compare(model, path, images)
        if check.equal < LEAST_EQUAL or check.farthest > NEAR_ZERO:
            raise ValueError(f"{to.name} was not written because its codes differ from the model's: {check}")
        for made in Path(work).iterdir():
            made.replace(to.with_name(made.name))
    return check


def random_pictures(count: int = 64) -> list[Image.Image]:
    """Smooth pictures in random colours, the same ones every time."""
    chance = np.random.default_rng(0)
    coarse = chance.integers(0, 256, (count, 5, 5, 3), dtype=np.uint8)
    return [Image.fromarray(colours).resize((160, 120), Image.Resampling.BICUBIC) for colours in coarse]


def _compare(model: "NestedHashModel", path: Path, images: Sequence[Image.Image]) -> Check:
    import torch

    prepare = model.config.preprocessing
    with torch.inference_mode():
        wanted = model(torch.from_numpy(np.stack([prepare(image) for image in images])))[-1].numpy()
    found = _run(path, np.stack([np.asarray(prepare.square(image)) for image in images]))
    differ = (found >= 0) != (wanted >= 0)
    scale = float(np.sqrt(np.mean(wanted**2))) or 1.0
    return Check(len(images), 1 - float(differ.mean()), float(np.abs(wanted[differ]).max(initial=0)) / scale)


def _run(path: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The outputs of a file, ONNX or OpenVINO's own, in OpenVINO."""
    openvino = import_openvino()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(path, "CPU", settings)
    outputs: NDArray[np.float32] = np.array(compiled(pixels)[0])
    return outputs


def _import_onnx() -> None:
    try:
        importlib.import_module("onnx")
    except ImportError as error:
        raise ModuleNotFoundError("an ONNX file needs the package onnx: `pip install onnx`") from error


def _onnx(checkpoint: Path, to: Path) -> None:
    import torch

    from nhl.model.network import NestedHashModel
    from nhl.model.normalization import FromPixels

    model = NestedHashModel.from_pretrained(checkpoint)
    size = model.config.preprocessing.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older exporter is several times as fast and needs less
        torch.onnx.export(
            FromPixels(model).eval(),
            (torch.zeros(1, size, size, 3, dtype=torch.uint8),),
            str(to),
            input_names=["pixels"],
            output_names=["outputs"],
            dynamic_axes={"pixels": {0: "M"}, "outputs": {0: "M"}},
            dynamo=False,
        )


def _openvino(checkpoint: Path, to: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "graph.xml"
        save_graph(checkpoint, path)
        openvino = import_openvino()
        graph = openvino.Core().read_model(path)
        _, *rest = graph.input(0).get_partial_shape()
        graph.reshape(openvino.PartialShape([-1, *(side.get_length() for side in rest)]))
        graph.input(0).get_tensor().set_names({"pixels"})
        graph.output(0).get_tensor().set_names({"outputs"})
        openvino.save_model(graph, to, compress_to_fp16=False)


FORMATS: dict[str, Callable[[Path, Path], None]] = {".onnx": _onnx, ".xml": _openvino}
