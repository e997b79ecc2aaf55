"""Packages of npm: which are missing, which are damaged, and npm itself at fault."""

from pathlib import Path

import pytest
from npm_packages import write_package

from nhl.gallery.npm import packed, read_package

ONE, OTHER = "one@1.0.0", "@scope/other@2.0.0"


def test_reads_the_files_wanted(tmp_path: Path) -> None:
    write_package(tmp_path, OTHER, {"a/1.svg": b"one", "a/2.svg": b"two", "a/1.png": b"", "b": b""})
    with packed([OTHER], tmp_path) as folder:
        assert read_package(folder, OTHER, r"a/.*\.svg") == {"a/1.svg": b"one", "a/2.svg": b"two"}


def test_names_all_that_are_missing(tmp_path: Path) -> None:
    write_package(tmp_path, ONE, {})
    with (
        pytest.raises(
            FileNotFoundError,
            match=r"scope-other-2\.0\.0\.tgz is missing: run `npm pack @scope/other@2\.0\.0` in",
        ),
        packed([ONE, OTHER], tmp_path),
    ):
        pass
    with (
        pytest.raises(FileNotFoundError, match=f"run `npm pack {OTHER} three@3` in"),
        packed([OTHER, ONE, "three@3"], tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda whole: whole[: len(whole) // 2], "Compressed file ended before .*"),
        (lambda whole: b"no archive at all", "not a gzip file"),
        (lambda whole: b"", "empty file"),
        (lambda whole: whole, "it holds no else"),
    ],
    ids=["cut", "text", "empty", "other"],
)
def test_names_a_damaged_one(tmp_path: Path, damage, why: str) -> None:
    archive = write_package(tmp_path, ONE, {"file": bytes(range(256)) * 99})
    archive.write_bytes(damage(archive.read_bytes()))
    message = rf"one-1\.0\.0\.tgz is no whole package \({why}\): run `npm pack {ONE}` in "
    with pytest.raises(ValueError, match=message):
        read_package(tmp_path, ONE, "else")


def test_without_npm_the_remedy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"needs npm: install Node\.js, or"), packed([ONE]):
        pass


def npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin")


def test_fetches_what_it_is_given_no_folder_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path, 'echo "$@" > one-1.0.0.tgz', monkeypatch)
    with packed([ONE]) as folder:
        assert (folder / "one-1.0.0.tgz").read_text() == f"pack --silent {ONE}\n"
    assert not folder.exists()


def test_what_npm_cannot_fetch_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    npm(tmp_path, "echo no network >&2\nexit 1", monkeypatch)
    with pytest.raises(OSError, match=f"npm cannot fetch {ONE} {OTHER}: see above"), packed([ONE, OTHER]):
        pass
    assert capfd.readouterr().err == "no network\n"
