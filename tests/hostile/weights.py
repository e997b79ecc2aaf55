"""Checkpoints whose numbers half precision does not hold, or that are none."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from nhl.model.checkpoint import WEIGHTS, seal
from nhl.model.network import NestedHashModel

SCALES = {"above 65,504": 1e7, "below what half precision tells from 0": 1e-8}
NO_NUMBERS = {"NaN": float("nan"), "infinity": float("inf")}


def scaled(checkpoint: Path, to: Path, scale: float) -> Path:
    """A checkpoint of the same codes, saved by the library, whose last layer has other numbers."""
    model = NestedHashModel.from_pretrained(checkpoint)
    with torch.no_grad():
        model.layer.linear.weight *= scale
        model.layer.linear.bias *= scale
    model.save_pretrained(to)
    shutil.copy(checkpoint / "gallery.db", to)
    return to


def broken(checkpoint: Path, to: Path, value: float) -> Path:
    """A checkpoint whole but for one number, as a program that does not look would write it."""
    shutil.copytree(checkpoint, to)
    weights = load_file(to / WEIGHTS)
    weights["layer.linear.bias"][3] = value
    save_file(weights, to / WEIGHTS)
    seal(to, WEIGHTS)
    return to
