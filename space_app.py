"""The file that Hugging Face Spaces starts: the page, open to the Space's proxy."""

import os
import sys

os.environ.setdefault("GRADIO_SERVER_NAME", "0.0.0.0")
os.environ.setdefault("GRADIO_SERVER_PORT", "7860")
# Who comes is told by the first proxy outside these networks; what a visitor writes before it is not believed.
os.environ.setdefault(
    "FORWARDED_ALLOW_IPS", "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,::1"
)

from app.__main__ import main

if __name__ == "__main__":
    sys.exit(main([]))
