"""`python -m app.deploy USER/NAME`: put the page on Hugging Face Spaces, in one commit or not at all.

A push with git is refused there, since the repository holds binary files; `huggingface_hub` stores them rightly.
"""

import argparse
import errno
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)

ROOT = Path(__file__).parents[1]
ZERO_GPU = "zero-a10g"
HARDWARE = (ZERO_GPU, "cpu-basic", "cpu-upgrade")
PARTS = (
    *("README.md", "LICENSE", "requirements.txt", "space_app.py", "docs/page.png", "app", "nhl"),
    *("checkpoints/emoji", "checkpoints/cifar10-50000"),
)
PACKAGE = b"spaces>=0.40,<1\n"  # by which a ZeroGPU Space asks for its GPU
LEFT_OUT = ("__pycache__", "*.pyi", "*-run", ".*")
KEPT = (".gitattributes",)  # the Hub's own: how it stores binary files
MOST_FILE_BYTES = 200 * 10**9  # the Hub's limit of one file
TOKENS = "https://huggingface.co/settings/tokens"
REMEDY = f"make one that may write at {TOKENS}, then `hf auth login` or set HF_TOKEN"
NO_TOKEN = f"no token: {REMEDY}"


class DeployError(ValueError):
    """A Space that could not be made or filled; its message is one sentence and says what is there now."""


def space_files(root: Path = ROOT) -> dict[str, Path]:
    """What a Space needs, by its path there.

    Raises:
        DeployError: if a part is missing, or a file is larger than the Hub takes.
    """
    found: dict[str, Path] = {}
    for part in PARTS:
        path = root / part
        if not path.exists():
            raise DeployError(f"{path} is missing: deploy from a whole checkout of the repository")
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            inside = file.relative_to(root)
            if file.is_file() and not any(fnmatch(piece, out) for piece in inside.parts for out in LEFT_OUT):
                found[inside.as_posix()] = file
    for name, file in found.items():
        if (size := file.stat().st_size) > MOST_FILE_BYTES:
            raise DeployError(
                f"{name} has {size / 1e9:.0f} GB but the Hub takes {MOST_FILE_BYTES // 10**9} GB a file"
            )
    return found


def deploy(name: str, hardware: str | None, private: bool, update: bool, api: HfApi) -> str:
    """Make a Space and fill it, or fill one anew; its address.

    Args:
        name: `USER/NAME`.
        hardware: one of `HARDWARE`; by default ZeroGPU, or what a Space to update has.
        private: whether only its owner sees it.
        update: the Space is there already; files that it no longer needs are removed.
        api: of the Hub.

    Raises:
        DeployError: if it could not be done.
    """
    wanted = SpaceHardware(hardware or ZERO_GPU)
    files: dict[str, str | bytes] = {path: str(file) for path, file in space_files().items()}
    files["requirements.txt"] = (ROOT / "requirements.txt").read_bytes() + PACKAGE
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(path, content) for path, content in files.items()
    ]
    left = f"the Space {name} is as it was"
    try:
        if update:
            there = api.list_repo_files(name, repo_type="space")
            operations += [CommitOperationDelete(path) for path in there if path not in {*files, *KEPT}]
        else:
            left = "nothing was made"
            api.create_repo(
                name, repo_type="space", space_sdk="gradio", space_hardware=wanted, private=private
            )
            left = f"the Space {name} was made and is empty: mend that and add --update, or delete it"
        api.create_commit(name, operations, repo_type="space", commit_message="The page, from its repository")
        if update and hardware:
            left = f"the Space {name} has the new files, on its old hardware"
            api.request_space_hardware(name, wanted)
    except Exception as error:  # of the network, the Hub, this disk: what is there now is told in any case
        raise DeployError(f"{reason(error, name, hardware)}; {left}") from error
    return f"{api.endpoint}/spaces/{name}"


def reason(error: Exception, name: str, hardware: str | None) -> str:
    """Why the Hub did not do it, and the remedy."""
    if isinstance(error, HFValidationError):
        return f"{name!r} cannot be the name of a Space: {error}"
    if isinstance(error, RepositoryNotFoundError):
        return f"there is no Space {name} that this token may see: leave out --update to make it"
    if isinstance(error, LocalTokenNotFoundError):
        return NO_TOKEN
    if isinstance(error, HfHubHTTPError):
        status, said = error.response.status_code, error.server_message or "no reason given"
        known = {
            401: f"the Hub does not know this token: {REMEDY}",
            402: f"{hardware} needs a paid plan: free accounts have --hardware {ZERO_GPU}",
            403: f"this token may not do that ({said}): make one that may write at {TOKENS}",
            409: f"{name} is taken: choose another name, or replace its files with --update",
            413: f"a file is larger than the Hub takes ({said})",
            507: f"there is no room left for {name} on the Hub ({said})",
        }
        if any(word in said.lower() for word in ("storage", "quota")):  # whatever its status
            status = 507
        return known.get(status, f"the Hub answered {status} ({said})")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "there is no room left on this disk"
    return f"the Hub cannot be reached, or did not answer as it should ({error})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        files = space_files()
        if options.dry_run:
            for name, file in files.items():
                print(f"{file.stat().st_size:>12,}  {name}")
            total = sum(file.stat().st_size for file in files.values())
            print(f"{total:>12,}  bytes in {len(files)} files for {options.name}; nothing was sent")
            return 0
        if get_token() is None:
            raise DeployError(NO_TOKEN)
        address = deploy(options.name, options.hardware, options.private, options.update, HfApi())
    except DeployError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{address} is being built; it takes some minutes")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.deploy", description="Put the page on Hugging Face Spaces."
    )
    parser.add_argument("name", metavar="USER/NAME", type=_name, help="the Space")
    parser.add_argument(
        "--hardware", choices=HARDWARE, help=f"what it runs on; a new one by default on {ZERO_GPU}, ZeroGPU"
    )
    parser.add_argument("--private", action="store_true", help="only you see it")
    parser.add_argument("--update", action="store_true", help="the Space is there: replace its files")
    parser.add_argument("--dry-run", action="store_true", help="list files and sizes; nothing is sent")
    return parser


def _name(text: str) -> str:
    user, slash, name = text.partition("/")
    if not (user and slash and name) or "/" in name:
        raise argparse.ArgumentTypeError(f"must be USER/NAME but got {text!r}")
    return text


if __name__ == "__main__":
    sys.exit(main())
