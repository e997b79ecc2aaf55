"""How many processors there are."""

import os

from nhl.machine import processors


def test_processors() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
