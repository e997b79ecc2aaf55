"""The plug-and-play example: ten lines, and they do what they promise."""

import ast
from difflib import ndiff
from pathlib import Path

import torch

from examples import your_own_model, your_own_model_before
from nhl import NestedIndex
from nhl.codes import LENGTHS, pack, prefix, unpack


def lines(example) -> list[str]:
    """The lines of an example below its docstring."""
    text = Path(example.__file__).read_text(encoding="utf-8")
    return text.splitlines()[ast.parse(text).body[0].end_lineno :]


def test_ten_lines_are_added_and_marked():
    changes = list(ndiff(lines(your_own_model_before), lines(your_own_model)))
    added = [line for line in changes if line.startswith("+ ") and line[2:].strip()]
    removed = [line for line in changes if line.startswith("- ")]
    assert 0 < len(added) <= 10
    assert all(line.endswith("# +nested") for line in added)
    assert sum("+nested" in line for line in lines(your_own_model)) == len(added)
    assert len(removed) <= 4


def test_the_loss_falls_and_codes_of_every_length_are_prefixes():
    images, labels = your_own_model.synthetic_pictures(64, seed=0)
    backbone, head, history = your_own_model.train(images, labels, epochs=3)
    assert history[2] < history[1] < history[0]
    with torch.no_grad():
        outputs = head(backbone(images))
    codes = pack(outputs[-1])
    hits = (labels[NestedIndex(codes[::2]).search(codes[1::2], 8, k=1)[1][:, 0] * 2] == labels[1::2]).float()
    assert hits.mean() > 0.5  # of four classes
    assert [u.shape for u in outputs] == [(64, length) for length in LENGTHS]
    for u, length in zip(outputs, LENGTHS, strict=True):
        assert (pack(u) == prefix(codes, length)).all()
        assert (unpack(codes)[:, :length] == (u >= 0).numpy()).all()


def test_they_run_as_programs(capsys):
    your_own_model_before.main(count=32, epochs=1)
    your_own_model.main(count=32, epochs=1)
    before, after = capsys.readouterr().out.split("new pictures told right")
    assert "loss of each epoch" in before
    nearest = ast.literal_eval(after.strip().splitlines()[1])
    assert list(nearest) == list(LENGTHS)
    assert all(len(classes) == 6 for (classes,) in nearest.values())
