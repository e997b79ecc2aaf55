"""What a link asks for."""

import pytest

from app.page.links import Wanted


def test_what_there_is() -> None:
    wanted = Wanted({"bits": "16", "k": 24, "unknown": "x"})
    assert wanted.one_of("bits", (8, 16), 8) == 16
    assert wanted.one_of("k", (12, 24), 12) == 24
    assert wanted.one_of("view", ("compare", "how"), "compare") == "compare"
    assert "view" not in wanted
    assert wanted.said == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [("12", "12"), ("<script>alert(1)</script>", "script alert 1 scri"), ("", "?"), ("0" * 99, "0" * 20)],
)
def test_what_there_is_not_is_said_and_replaced(value: str, shown: str) -> None:
    wanted = Wanted({"bits": value})
    assert wanted.one_of("bits", (8, 16, 32), 16) == 16
    assert wanted.said == [f"The link says bits={shown}, which does not exist; choose from 8, 16 or 32."]
