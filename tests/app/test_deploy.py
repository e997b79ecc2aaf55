"""The page on Hugging Face Spaces: `huggingface_hub` as it is, the Hub a stand-in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import Hub, Space
from huggingface_hub import HfApi, constants

from app import deploy as module
from app.deploy import DeployError, deploy, main, reason, space_files

NAME = "somebody/nested-hashing"
ZERO_GPU_PYTHONS = ("3.10.13", "3.12.12")


@pytest.fixture(scope="module")
def running() -> Iterator[Hub]:
    hub = Hub()
    yield hub
    hub.stop()


@pytest.fixture
def hub(running: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """An empty Hub that refuses nothing, and is the one that commands use."""
    running.spaces.clear()
    running.refuse.clear()
    monkeypatch.setattr(
        constants, "HF_HUB_DISABLE_XET", True
    )  # its servers have no stand-in; LFS is the other way
    monkeypatch.setattr(module, "HfApi", lambda: HfApi(running.address, token="hf_token"))
    monkeypatch.setattr(module, "get_token", lambda: "hf_token")
    return running


def test_a_dry_run_lists_what_would_be_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "get_token", lambda: None)  # it needs none
    assert main([NAME, "--dry-run"]) == 0
    *lines, total = capsys.readouterr().out.splitlines()
    listed = {line.split(maxsplit=1)[1]: int(line.split()[0].replace(",", "")) for line in lines}
    assert listed == {name: file.stat().st_size for name, file in space_files().items()}
    assert f"{sum(listed.values()):,}  bytes in {len(listed)} files for {NAME}; nothing was sent" in total


def test_a_space_gets_what_it_needs_and_no_more() -> None:
    names = set(space_files())
    assert names >= {
        "README.md",
        "requirements.txt",
        "space_app.py",
        "app/style.css",
        "nhl/gallery/photo_labels.tsv",
    }
    assert names >= {f"checkpoints/{n}/model.safetensors" for n in ("emoji", "cifar10-50000")}
    unwanted = re.compile(r"^(tests|benchmarks|\.)|__pycache__|\.pyi$|-run/")
    assert not [name for name in names if unwanted.search(name)]


def test_it_makes_and_fills_a_space(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, "--private"]) == 0
    space = hub.spaces[NAME]
    assert (space.hardware, space.private, space.commits) == ("zero-a10g", True, 1)
    files = space_files()
    assert set(space.files) == {*files, ".gitattributes", "old.py"}
    assert space.files["checkpoints/emoji/gallery.db"] == files["checkpoints/emoji/gallery.db"].stat().st_size
    assert space.files["space_app.py"] == files["space_app.py"].read_bytes()
    requirements = space.files["requirements.txt"]
    assert isinstance(requirements, bytes)
    assert b"\nspaces>=" in requirements
    assert f"{hub.address}/spaces/{NAME} is being built" in capsys.readouterr().out


def test_an_update_removes_what_is_no_longer_needed(hub: Hub) -> None:
    hub.spaces[NAME] = Space("cpu-upgrade", False)
    assert main([NAME, "--update"]) == 0
    assert set(hub.spaces[NAME].files) == {*space_files(), ".gitattributes"}
    assert hub.spaces[NAME].hardware == "cpu-upgrade"  # nothing was said about it
    assert main([NAME, "--update", "--hardware", "zero-a10g"]) == 0
    assert hub.spaces[NAME].hardware == "zero-a10g"


@pytest.mark.parametrize(
    ("refuse", "arguments", "told"),
    [
        ({"create": (401, "Invalid user token")}, [], "does not know this token: .*; nothing was made"),
        (
            {"create": (402, "PRO")},
            ["--hardware", "cpu-basic"],
            "cpu-basic needs a paid plan: free .* zero-a10g",
        ),
        (
            {"create": (403, "no rights")},
            [],
            r"this token may not do that \(.*no rights.*\).*; nothing was made",
        ),
        (
            {"commit": (413, "too big")},
            [],
            r"a file is larger than the Hub takes .*made and is empty: .*--update",
        ),
        (
            {"batch": (403, "Private repository storage limit reached")},
            [],
            "no room left .*made and is empty",
        ),
        ({"stored": (400, "broken")}, [], "made and is empty"),
        (
            {},
            ["--update"],
            "there is no Space somebody/nested-hashing .*: leave out --update.*; .* is as it was",
        ),
    ],
)
def test_what_fails_is_one_sentence_and_says_what_is_there(
    hub: Hub,
    refuse: dict[str, tuple[int, str]],
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.refuse |= refuse
    assert main([NAME, *arguments]) == 2
    error = capsys.readouterr().err  # progress, then the error
    assert re.search(f"error: .*{told}", error.splitlines()[-1])
    assert "Traceback" not in error
    space = hub.spaces.get(NAME)
    assert space is None or space.commits == 0  # nothing is half there


def test_a_name_that_is_taken(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.spaces[NAME] = Space(None, False)
    assert main([NAME]) == 2
    assert (
        f"{NAME} is taken: choose another name, or replace its files with --update" in capsys.readouterr().err
    )
    assert hub.spaces[NAME].commits == 0


def test_an_update_whose_hardware_is_refused(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.spaces[NAME] = Space("zero-a10g", False)
    hub.refuse["hardware"] = (402, "Payment required")
    assert main([NAME, "--update", "--hardware", "cpu-upgrade"]) == 2
    assert "has the new files, on its old hardware" in capsys.readouterr().err
    assert hub.spaces[NAME].commits == 1


def test_no_token(hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(module, "get_token", lambda: None)
    assert main([NAME]) == 2
    assert "error: no token: make one that may write at https://huggingface.co" in capsys.readouterr().err
    assert not hub.spaces


def test_no_network(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeployError, match=r"the Hub cannot be reached, .*; nothing was made"):
        deploy(NAME, None, False, False, HfApi("http://127.0.0.1:9", token="hf_token"))


def test_no_room_on_this_disk() -> None:
    assert reason(OSError(28, "No space left on device"), NAME, None) == "there is no room left on this disk"


def test_a_file_over_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILE_BYTES", 7_500_000)
    with pytest.raises(
        DeployError, match=r"checkpoints/emoji/gallery\.db has 0 GB but the Hub takes 0 GB a file"
    ):
        space_files()


def test_not_a_whole_checkout(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match=r"README\.md is missing: deploy from a whole checkout"):
        space_files(tmp_path)


@pytest.mark.parametrize("name", ["nested-hashing", "/a", "a/", "a/b/c"])
def test_a_name_has_two_parts(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name])
    assert f"must be USER/NAME but got {name!r}" in capsys.readouterr().err


def test_a_name_that_the_hub_does_not_know(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["some body/x--y"]) == 2
    assert "'some body/x--y' cannot be the name of a Space" in capsys.readouterr().err


def test_the_front_matter_fits_zerogpu() -> None:
    front = (module.ROOT / "README.md").read_text(encoding="utf-8").split("---")[1]
    assert re.search(r'python_version: "?([\d.]+)', front)[1] in ZERO_GPU_PYTHONS  # type: ignore[index]
    assert "app_file: space_app.py" in front
