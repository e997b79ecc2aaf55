"""The page about results: docs/RELIABILITY.md, and what did not hold."""

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "RELIABILITY.md"

GROWTH = 0.05  # of memory, from the first half of the crowd's time to the second
SLOWER = 3.0  # times, of the first answer after the crowd
WORK = {
    "gallery": "`python -m nhl gallery add`",
    "training": "`python -m nhl train`",
    "index": "`NestedIndex.save`",
}


def failures(result: dict[str, Any]) -> list[str]:
    """What did not hold, a sentence each."""
    wrong = []
    for name, found in result["kills"].items():
        for what in ("damaged", "lost", "unequal"):
            if found[what]:
                wrong.append(f"kills of {name}: {found[what]} {what}; {found['problems'][:1]}")
    for name, found in result["disk"].items():
        for what in ("failed", "one_sentence", "whole_with_room"):
            if not found[what]:
                wrong.append(f"full disk for {name}: not {what}; it said {found['said']!r}")
        if found["lost"]:
            wrong.append(f"full disk for {name}: something reported was lost")
    for name in ("two_pages", "crowd"):
        outcomes = result[name]["outcomes"]
        wrong += [
            f"{name}: {count} times {what}" for what, count in outcomes.items() if what.startswith("failed")
        ]
        if not outcomes.get("answered"):
            wrong.append(f"{name}: nobody was answered")
    wrong += _of_malformed(result)
    crowd = result["crowd"]
    if abs(crowd["growth"]) > GROWTH:
        wrong.append(f"crowd: memory went from {crowd['megabytes'][0]} to {crowd['megabytes'][1]} MB")
    if crowd["files_later"]:
        wrong.append(f"crowd: {crowd['files_later']} files were left")
    if crowd["answer_after_s"] > SLOWER * crowd["answer_before_s"]:
        wrong.append(f"crowd: the first answer after it took {crowd['answer_after_s']} s")
    return wrong


def _of_malformed(result: dict[str, Any]) -> list[str]:
    found = result.get("malformed")  # results of an earlier run have none
    return (
        []
        if found is None or not found["status"]
        else [f"malformed input: {found['said']}; {found['wrong'][:3]}"]
    )


ZERO_GPU = """
In the environment of a ZeroGPU Space, with the package `spaces` and a stand-in for the service that lends the GPU, it was
ready after {} s and {} s.
"""
SPACES = {"space": "Space", "zerogpu": "ZeroGPU Space"}


def failures_of_strangers(result: dict[str, Any]) -> list[str]:
    """What did not hold on other machines, a sentence each."""
    right, wrong = {"page": 200, "health": 200, "results": 12}, []
    for found in result["pythons"]:
        if found["answers"] != right:
            wrong.append(f"Python {found['python']}: the page answered {found['answers']}")
        if found["tests"]["status"]:
            wrong.append(f"Python {found['python']}: {found['tests']['said']}; {found['tests']['wrong'][:3]}")
        if found["left_in_code"]:
            wrong.append(f"Python {found['python']}: {found['left_in_code']} in the code")
    for kind in ("space", "zerogpu"):
        for start in result.get(kind, {"starts": []})["starts"]:
            if start["answers"] != right:
                wrong.append(f"{SPACES[kind]}: the page answered {start['answers']}")
    return wrong


def write_page(results: Path) -> Path:
    """Write the page about the results of a folder; the page."""
    PAGE.write_text(markdown(results / "reliability.json", results / "strangers.json"), encoding="utf-8")
    return PAGE


def markdown(path: Path, strangers: Path) -> str:
    """The page about two result files; the second may not be there."""
    result = json.loads(path.read_text(encoding="utf-8"))
    machine = result["machine"]
    head = f"""# Reliability

Behaviour under load, failures and malformed input, measured by `{result["command"]}`, {result["date"][:10]}, on {machine["cores"]} cores of
{machine["processor"]}, Python {machine["python"]}. The command also writes this page. {_held(failures(result))}
"""
    parts = [head, _kills(result["kills"]), _disk(result["disk"]), _pages(result), _malformed(result), DAMAGE]
    if strangers.is_file():
        parts.append(_strangers(json.loads(strangers.read_text(encoding="utf-8"))))
    return "\n".join(part for part in parts if part)


def _held(wrong: list[str]) -> str:
    return (
        "Every check passed."
        if not wrong
        else "Not every check passed:\n\n" + "\n".join(f"- {w}" for w in wrong)
    )


def _strangers(result: dict[str, Any]) -> str:
    rows = [
        f"| {found['python']} | {found['page_ready_s']:.0f} s | {found['tests']['said']} |"
        for found in result["pythons"]
    ]
    first, second = (start["page_ready_s"] for start in result["space"]["starts"])
    lent = result.get("zerogpu")  # results of an earlier run have none
    zero = "" if lent is None else ZERO_GPU.format(*(start["page_ready_s"] for start in lent["starts"]))
    return f"""## A fresh machine

`{result["command"]}`, {result["date"][:10]}: the two commands of the README in a fresh clone, with an empty home and
an empty environment for each Python. {_held(failures_of_strangers(result))}

| Python | from an empty environment to the page, installation included | tests |
|---|---|---|
{chr(10).join(rows)}

As a Space: `space_app.py` with `SPACE_ID` set, run by another user on two cores, with read-only code and home, and without
a network. The page was ready after {first} s the first time and {second} s the second, and answered a search by picture.
{zero}"""


def _kills(kills: dict[str, Any]) -> str:
    rows = [
        f"| {WORK[name]} | {k['kills']} | {k['damaged']} | {k['lost']} | {k['runs']} | {k['unequal']} | {k['files_left']} |"
        for name, k in kills.items()
    ]
    return f"""## Killed

The process receives SIGKILL at a random moment; then what it left behind is opened and inspected, and the same command
continues from there. The outcome is compared with that of a run that was never killed: every row of the gallery, every
byte of the weights, every code.

| work | kills | damaged | reported, then lost | complete runs | different from the uninterrupted one | unfinished files left |
|---|---|---|---|---|---|---|
{chr(10).join(rows)}

An unfinished file is hidden, holds nothing that was reported as done, and may be deleted.
"""


def _disk(disk: dict[str, Any]) -> str:
    def yes(fact: bool) -> str:
        return "yes" if fact else "no"

    rows = [
        f"| {WORK[name]} | {d['disk']} | {d['said'].removeprefix('error: ')} | {yes(d['lost'])} | {yes(d['whole_with_room'])} |"
        for name, d in disk.items()
    ]
    return f"""## A full disk

| work | disk | what it says | reported, then lost | completes once there is room |
|---|---|---|---|---|
{chr(10).join(rows)}
"""


def _pages(result: dict[str, Any]) -> str:
    two, crowd = result["two_pages"], result["crowd"]

    def said(outcomes: dict[str, int]) -> str:
        return ", ".join(f"{count} {what}" for what, count in outcomes.items())

    return f"""## Two pages on one gallery

Two pages answered from one gallery while {two["added"]} pictures were added to it: {said(two["outcomes"])}. A page
opened afterwards showed {two["shown_after"]}.

## Load

{crowd["clients"]} clients for {crowd["seconds"]:.0f} s, each of which sends a picture, searches with it, and starts again.

| | |
|---|---|
| outcomes | {said(crowd["outcomes"])} |
| an answer, upload included | {crowd["median_s"]} s, 95 % within {crowd["p95_s"]} s |
| memory of the server, first and second half | {crowd["megabytes"][0]} MB, {crowd["megabytes"][1]} MB ({crowd["growth"]:+.1%}) |
| temporary files at the end, and {crowd["cleaned_after_s"]} s later | {crowd["files_after"]}, {crowd["files_later"]} |
| an answer to a single visitor before, and the first one after | {crowd["answer_before_s"]} s, {crowd["answer_after_s"]} s |

"Busy" means that the queue was full: the visitor is asked to try again.
"""


def _malformed(result: dict[str, Any]) -> str:
    found = result.get("malformed")
    return "" if found is None else MALFORMED.format(found["said"])


MALFORMED = """## Malformed input

Pictures that are damaged, of rare kinds, or shown otherwise than they are stored; bombs; archives and names that lead out;
names in any bytes; weights that half precision does not hold; wrong requests; and bytes changed at random: given to the library,
to the commands, in zips, and to a running page, by `python -m pytest tests/hostile`. Each gives what is right or one sentence.

{}
"""
DAMAGE = """## Damaged files

Truncated anywhere, or with any bit flipped (tests/test_faults.py, index/test_file.py, gallery/test_stored_codes.py):

| file | detected by | when |
|---|---|---|
| weights, configuration, scores of a checkpoint | SHA-256 in `SHA256SUMS` beside them | whenever one is read |
| codes beside a gallery | SHA-256 in the file | at load; they are computed again, and a warning says so |
| a gallery that was written in one go | SHA-256 of its contents | at load |
| a gallery that grows | CRC-32 of each row; thumbnails by `gallery verify` only | as a row is read |
| a saved index | a sum over all words | at load |

A damaged file is refused in one sentence that names it and the remedy; a file of another version is refused as such. Files
from before there were checksums are read without them; a growing gallery gets them when it is next written to.
"""
