"""The table of benchmarks, what a result file says, small runs of search and train, and the pictures."""

import argparse
import json
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fragments import fragments

from benchmarks import __main__ as table
from benchmarks.result_file import write_result
from nhl.data.protocols import gallery_protocol
from nhl.training.settings import Settings


def test_help_names_all(capsys):
    assert table.main([]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in table.BENCHMARKS)


@pytest.mark.parametrize("name", table.BENCHMARKS)
def test_help_makes_sense_by_itself(name, monkeypatch):
    """And names its own result file."""
    seen = []

    def stop(parser, arguments):
        seen.append(parser)
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    assert table.main([name]) == 130
    (parser,) = seen
    assert parser.prog == f"python -m benchmarks {name}"
    assert not fragments(parser)
    assert f"results/{name}.json" in parser.format_help() or name in ("rooms", "pictures")


def test_unknown_name(capsys):
    assert table.main(["nothing"]) == 2
    assert "unknown benchmark 'nothing'; choose from search" in capsys.readouterr().err


def test_a_missing_package_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "benchmarks.search", raising=False)
    assert table.main(["search"]) == 1
    assert "benchmark 'search' needs the package 'faiss'" in capsys.readouterr().err


def test_result_files_say_where_they_come_from(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "search", "--images", "a b"])
    path = write_result("search", {"records": [1]}, tmp_path / "new" / "file.json")
    result = json.loads(path.read_text())
    assert result["records"] == [1]
    assert result["command"] == "python -m benchmarks search --images 'a b'"
    assert result["machine"]["versions"]["numpy"] == np.__version__
    assert result["machine"]["cores"] >= 1


def test_search_runs(tmp_path, capsys):
    pytest.importorskip("faiss")
    pytest.importorskip("numba")
    out = tmp_path / "search.json"
    options = ["--images", "2000", "3000", "4000", "--rounds", "2", "--out", str(out)]
    assert table.main(["search", *options]) == 0
    result = json.loads(out.read_text())
    assert [record["length"] for record in result["records"]] == [8, 16, 32, 64, 128] * 9
    assert all(record["us"]["nhl_cold"] > 0 for record in result["records"])
    assert all(same["overlap"] > 0.9 for same in result["agreement"])
    assert "2,000 uniform codes" in capsys.readouterr().out
    for name in ("search-length.svg", "search-size.svg"):  # well-formed, and beside the result
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")


def test_search_rejects_a_wrong_answer():
    pytest.importorskip("faiss")
    pytest.importorskip("numba")
    from benchmarks.search import check

    codes = np.zeros((10, 1), np.uint8)
    with pytest.raises(RuntimeError, match="the index answered"):
        check((np.ones((1, 10), np.int32), np.arange(10)[None]), np.zeros((1, 10)), codes, codes[0])


def result_of(images: list[int], kind: str = "real") -> dict:
    """A made-up result: faiss takes a microsecond for 100 codes, the index 20 and one for each 8 bits."""
    records = []
    for count in images:
        for length in (8, 16, 32, 64, 128):
            us = {"faiss": count / 100, "nhl": 20 + length / 8, "exhaustive": count / 200, "read": 1.0}
            if length < 32:
                us["padded"] = count / 150
            records.append(
                {"codes": kind, "images": count, "length": length, "us": us, "bytes_per_item": 24.1}
            )
    return {"k": 10, "machine": {"processor": "Some avx2"}, "records": records}


def words(path: Path) -> list[str]:
    """The words of a picture."""
    return [node.text for node in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def heights(path: Path, gid: str) -> list[float]:
    """How far below the top the points of a curve stand."""
    curve = next(node for node in ElementTree.parse(path).iter() if node.get("id") == gid)
    line = next(curve.iter("{http://www.w3.org/2000/svg}path")).get("d")
    return [float(number) for number in line.replace("M", "").replace("L", "").split()[1::2]]


def test_pictures_show_the_figures(tmp_path):
    pytest.importorskip("matplotlib")
    result = tmp_path / "search.json"
    result.write_text(json.dumps(result_of([10**4, 10**6, 10**7])))
    assert table.main(["pictures", "--result", str(result), "--to", str(tmp_path / "docs")]) == 0
    by_length, by_count = tmp_path / "docs" / "search-length.svg", tmp_path / "docs" / "search-size.svg"
    assert {"One query among 10 million codes", "8 bits", "128 bits", "faiss flat", "ours"} <= set(
        words(by_length)
    )
    assert {"100 ms", "36 µs"} <= set(words(by_length))  # at 128 bits
    assert {"One query, 32-bit codes", "10,000", "1 million", "24 µs"} <= set(words(by_count))
    assert all(low > high for low, high in pairwise(heights(by_length, "nhl")))  # longer takes longer
    tens = [low - high for low, high in pairwise(heights(by_count, "faiss"))]
    assert tens[0] == pytest.approx(2 * tens[1], rel=1e-3)  # a hundredfold is twice a tenfold
    assert max(path.stat().st_size for path in (by_length, by_count)) < 20_000
    first = by_length.read_bytes()
    table.main(["pictures", "--result", str(result), "--to", str(tmp_path / "docs")])
    assert by_length.read_bytes() == first


def test_few_numbers_of_codes_make_one_picture(tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks.pictures import draw

    assert [path.name for path in draw(result_of([2000, 3000]), tmp_path)] == ["search-length.svg"]


def test_pictures_need_real_codes(tmp_path):
    pytest.importorskip("matplotlib")
    from benchmarks.pictures import draw

    with pytest.raises(ValueError, match="`result` must hold real codes but has none"):
        draw(result_of([2000], "uniform"), tmp_path)


def test_who_lacks_matplotlib_loses_the_pictures_alone(tmp_path, capsys, monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "benchmarks.pictures", raising=False)
    out = tmp_path / "search.json"
    options = ["--images", "2000", "--codes", "real", "--rounds", "1", "--out", str(out)]
    assert table.main(["search", *options]) == 1
    assert "needs the package 'matplotlib'" in capsys.readouterr().err
    assert len(json.loads(out.read_text())["records"]) == 5


def test_ctrl_c_stops_a_benchmark(capsys, monkeypatch):
    pytest.importorskip("faiss")
    import benchmarks.search

    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(benchmarks.search, "warm_up", stop)
    assert table.main(["search"]) == 130
    assert "stopped" in capsys.readouterr().err


def test_train_runs(tmp_path, tiny_gallery):
    out = tmp_path / "train.json"
    options = ["--data", f"emoji:{tiny_gallery}", "--lengths", "16", "--epochs", "2", "--size", "32"]
    options += [
        "--step-size",
        "32",
        "--frozen-stages",
        "5",
        "--rounds",
        "1",
        "--turns",
        "2",
        "--whole-turns",
        "1",
        "--out",
        str(out),
    ]
    assert table.main(["train", *options]) == 0
    result = json.loads(out.read_text())
    assert list(result["runs"]) == ["all lengths", "16 bits"]
    assert all(run["seconds"][0] > 0 for run in result["runs"].values())
    assert set(result["step_ms"]) == {"one length", "equal", "nhl"}
    assert set(result["whole_step_ms"]) == {"float32", "bfloat16", "bfloat16 quick"}
    assert len(result["ratios"]) == 6


def test_train_needs_an_epoch_after_the_first(capsys):
    with pytest.raises(SystemExit):
        table.main(["train", "--epochs", "1"])
    assert "--epochs must be at least 2 but got 1" in capsys.readouterr().err


def test_ratios_of_training_by_hand():
    from benchmarks.train import run_ratios, step_ratios, whole_step_ratios

    together = [{"seconds": 10.0, "epoch_seconds": 3.3}, {"seconds": 20.0, "epoch_seconds": 6.0}]
    alone = [{"seconds": 10.0, "epoch_seconds": 3.0}, {"seconds": 18.0, "epoch_seconds": 6.0}]
    found = run_ratios({"all lengths": together, "8 bits": alone, "16 bits": alone})
    assert found["epoch_times_one_length"] == pytest.approx((1.1 + 1.0) / 2)
    assert found["times_faster_than_single_runs"] == pytest.approx((2.0 + 1.8) / 2)
    steps = {"one length": [1.0, 2.0, 4.0], "equal": [1.1, 2.0, 4.0], "nhl": [1.1, 2.2, 8.0]}
    assert step_ratios(steps) == pytest.approx(
        {"step_times_one_length": 1.1, "adaptive_step_times_equal": 1.1}
    )
    whole = {"float32": [2.0, 3.0], "bfloat16": [3.0, 3.0], "bfloat16 quick": [1.0, 2.0]}
    assert whole_step_ratios(whole) == {
        "whole_step_times_faster_than_float32": 1.75,
        "whole_step_times_faster_than_bfloat16": 2.25,
    }


def test_steps_learn_their_lengths():
    import torch

    from benchmarks.train import learn
    from nhl import NestedHashLayer, NestedLoss
    from nhl.weighting import WEIGHTINGS

    torch.manual_seed(0)
    layer = NestedHashLayer(12, (8, 16))
    network = torch.nn.ModuleList([torch.nn.Flatten(), layer])
    optimizer, inputs, labels = (
        torch.optim.SGD(layer.parameters(), lr=1),
        torch.randn(6, 3, 2, 2),
        torch.arange(6),
    )
    for lengths, name in (((16,), "equal"), ((8, 16), "equal"), ((8, 16), "nhl")):
        objective, before = NestedLoss("orthohash", lengths, 6), layer.linear.weight.detach().clone()
        first = objective(layer(inputs.flatten(1))[-len(lengths) :], labels).sum()
        learn(network, optimizer, objective, WEIGHTINGS[name](len(lengths)), inputs, labels)
        assert objective(layer(inputs.flatten(1))[-len(lengths) :], labels).sum() < first
        assert not torch.equal(before, layer.linear.weight)


def test_steps_take_turns_and_the_first_does_not_count():
    from benchmarks.train import step_seconds

    calls: list[str] = []
    timed = {name: (lambda name=name: calls.append(name)) for name in ("a", "b", "c")}
    assert {name: len(times) for name, times in step_seconds(timed, turns=4).items()} == dict.fromkeys(
        "abc", 4
    )
    assert all(set(calls[i : i + 3]) == {"a", "b", "c"} for i in range(0, 15, 3))


def test_a_gallery_beside_its_encoder(tmp_path, tiny_checkpoint):
    pytest.importorskip("openvino")
    out = tmp_path / "gallery.json"
    options = ["--checkpoint", str(tiny_checkpoint), "--pictures", "6", "--rounds", "1", "--out", str(out)]
    assert table.main(["gallery", *options]) == 0
    records = json.loads(out.read_text())["records"]
    assert [record["what"] for record in records] == ["network", "encoder", "gallery add"] * 3
    assert all(record["pictures_per_s"] > 0 for record in records)
    kilobytes = [record["kilobytes"] for record in records[::3]]
    assert kilobytes == sorted(kilobytes)


def test_gpu_says_what_is_missing(capsys, monkeypatch):
    from benchmarks import gpu

    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "--device cuda is not there: torch finds no GPU" in capsys.readouterr().err


def test_gpu_measures_and_trains(tmp_path, tiny_gallery, monkeypatch):
    """Its way on a CPU, with a small network and without photographs."""
    from benchmarks import gpu

    small = {
        "backbone": "test_efficientnet.r160_in1k",
        "size": 32,
        "loss": "orthohash",
        "levels": 0.0,
        "start": "",
    }
    monkeypatch.setattr(gpu, "RECIPE", replace(gpu.RECIPE, pretrained=False, **small))
    monkeypatch.setattr(gpu, "load_protocol", lambda name: gallery_protocol(tiny_gallery))
    flags = ["--device", "cpu", "--no-tests", "--epochs", "3", "--batch-size", "16", "--start", ""]
    assert gpu.main([*flags, "--to", str(tmp_path / "run"), "--out", str(tmp_path / "gpu.json")]) == 0
    result = json.loads((tmp_path / "gpu.json").read_text())
    assert (result["epochs"], result["gpu"]) == (3, "none")
    assert result["pictures_per_second"] > 0
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_nesting_is_measured_on_the_queries(
    tiny_gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from benchmarks import nesting

    small = Settings(backbone="test_efficientnet.r160_in1k", pretrained=False, size=32)
    monkeypatch.setattr(nesting, "Settings", lambda **given: replace(small, **given))
    flags = ["--data", f"emoji:{tiny_gallery}", "--seeds", "1", "--epochs", "1", "--views", "1"]
    out = tmp_path / "nesting.json"
    assert nesting.main([*flags, "--cache", str(tmp_path), "--out", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["protocol"] == gallery_protocol(tiny_gallery).description
    assert "kept back" not in result["protocol"]
    assert len(result["quality"]["cut"]) == 5


def test_nesting_sums_up_by_hand():
    from benchmarks.nesting import summary

    quality = {"equal": (0.4, 0.6), "single": (0.5, 0.5), "cut": (0.2, 0.5)}
    records = [
        {"mode": mode, "length": length, "seed": seed, "map": values[k] + 0.1 * seed, "seconds": 3.0}
        for mode, values in quality.items()
        for k, length in enumerate((8, 16))
        for seed in (0, 1)
    ]
    found = summary(records, (8, 16))
    assert found["quality"] == {"nested": [0.45, 0.65], "single": [0.55, 0.55], "cut": [0.25, 0.55]}
    assert found["deviation"]["cut"] == [0.0707, 0.0707]
    assert found["seconds"] == {"nested": 3.0, "single": 6.0, "cut": 3.0}  # a run for each length
