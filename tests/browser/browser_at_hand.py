"""What is said where there is no browser to test with."""

import os
from typing import NoReturn

import pytest


def no_browser() -> NoReturn:
    """Skip, but fail where a browser is promised (`CI=true`)."""
    reason = (
        "the browser tests need Chromium and Playwright: `apt-get install chromium` (or `playwright install "
        "chromium`) and `pip install -r requirements-dev.txt`"
    )
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
