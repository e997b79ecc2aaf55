"""The file that Hugging Face Spaces starts: the page, open to the Space's proxy."""

import os
import sys

os.environ.setdefault("GRADIO_SERVER_NAME", "0.0.0.0")
os.environ.setdefault("GRADIO_SERVER_PORT", "7860")
os.environ.setdefault("FORWARDED_ALLOW_IPS", "*")

from app.__main__ import main

if __name__ == "__main__":
    sys.exit(main([]))
