"""Names of files."""

from nhl.images.names import is_system, passed_over


def test_names_of_systems_in_any_case() -> None:
    for name in ("@EADIR", "System Volume Information", "#Recycle", ".hidden", "LOST+FOUND", "Desktop.ini"):
        assert is_system(name)
    for name in ("eaDir", "recycle", "lost", "MACOSX", ""):
        assert not is_system(name)


def test_many_endings_are_shortened() -> None:
    assert passed_over([f"a.{letter}" for letter in "abcdefg"]).endswith(
        "1 .a, 1 .b, 1 .c, 1 .d, 1 .e, ...; first 'a.a'"
    )
