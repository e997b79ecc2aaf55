"""CIFAR-10: the parts of its protocols, and one split from folder and torchvision alike.

The split is tested at its real size on labels alone; pictures are read from small copies, with the
numbers of pictures in a class patched. Torchvision's own class reads files made here in its format.
"""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

from nhl.data import Pictures, Protocol, cifar10, load_protocol
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
def test_folder_and_torchvision_give_the_same_split(
    name: str, small: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "a" / "cifar10", small)
    write_torchvision(tmp_path / "b", small, monkeypatch)
    folder, torchvision = load_protocol(f"{name}:{tmp_path / 'a'}"), load_protocol(f"{name}:{tmp_path / 'b'}")
    for part in ("train", "query", "database"):
        one, other = getattr(folder, part), getattr(torchvision, part)
        assert (one.labels == other.labels).all()
        assert (pixels(one) == pixels(other)).all()
    assert folder.description.startswith("CIFAR-10 (folder), ")
    assert torchvision.description.startswith("CIFAR-10 (torchvision), ")


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
        FileNotFoundError, match=r"the network \(no route to host\): put its .*`cifar10:PATH`"
    ):
        load_protocol("cifar10")


def test_a_damaged_copy_of_torchvision(tmp_path: Path) -> None:
    (tmp_path / cifar10.TORCHVISION_FOLDER).mkdir()
    with pytest.raises(FileNotFoundError, match=r"CIFAR-10 cannot be had from .*corrupted"):
        load_protocol(f"cifar10:{tmp_path}")


def test_a_folder_without_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no CIFAR-10: it needs `train/<class>` and"):
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
