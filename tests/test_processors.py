import os

from nhl.processors import processors


def test_processors() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
