"""The files by which a stranger joins in: they agree with the project and with each other."""

import re
from pathlib import Path

import yaml

import nhl

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))
DEV = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")


def steps(job: str) -> list[str]:
    """The commands of a job."""
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text == (ROOT / "checkpoints" / "emoji" / "LICENSES" / "Apache-2.0.txt").read_text(
        encoding="utf-8"
    )
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert citation["version"] == changes[0] == nhl.__version__
    assert citation["preferred-citation"]["url"].endswith("2412.08922")


def test_the_workflow_runs_the_one_check() -> None:
    local = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    check = [line for line in local if line.startswith(("ruff", "mypy", "python -m pytest"))]
    assert len(check) == 4
    assert steps("all")[1:] == check
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert " && ".join(check) in contributing


def test_the_workflow_covers_every_python_that_is_claimed() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    claimed = re.findall(r"Python :: (3\.\d+)", project)
    assert WORKFLOW["jobs"]["all"]["strategy"]["matrix"]["python"] == claimed
    assert "python -m pytest --ignore tests/browser" in steps("elsewhere")


def test_commits_are_formatted_as_the_check_wants() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (ruff,) = (repo for repo in hooks["repos"] if "ruff" in repo["repo"])
    assert f"ruff=={ruff['rev'].removeprefix('v')}" in DEV


def test_issue_forms_ask_something() -> None:
    forms = [path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"]
    assert len(forms) == 2
    for form in forms:
        asked = yaml.safe_load(form.read_text(encoding="utf-8"))
        assert asked["name"]
        assert all(part["attributes"]["label"] for part in asked["body"])
