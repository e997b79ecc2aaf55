"""`python -m app`: open the page on a trained model and its gallery."""

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.server.waiting import told_to_wait
from nhl.mistakes import is_users, told

PORTS = range(7860, 7960)
MOST_PORT = 65535
NOT_INSTALLED = "the page needs the package {}, which is not installed: in the folder of the project, `pip install -r requirements.txt`"


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(
        prog="python -m app",
        description="Open the page: give a picture, move the slider, see what is found.",
        epilog="The address can also be set by GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, the limit by "
        "REQUESTS_PER_MINUTE; FRAME_ANCESTORS names sites that may show the page in a frame. Behind a proxy, GRADIO_ROOT_PATH is the path "
        "under which it shows the page, and FORWARDED_ALLOW_IPS names those whose X-Forwarded-For is believed.",
    )
    flags.add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="a trained model; by default the shipped one"
    )
    flags.add_argument(
        "--gallery", type=Path, metavar="FILE.db", help="a gallery; by default the checkpoint's own"
    )
    flags.add_argument(
        "--port",
        type=_whole_number(MOST_PORT),
        default=os.environ.get("GRADIO_SERVER_PORT"),
        metavar="N",
        help="port to listen on; by default the first free one from 7860",
    )
    flags.add_argument(
        "--requests-per-minute",
        type=_whole_number(10**9),
        default=os.environ.get("REQUESTS_PER_MINUTE", 600),
        metavar="N",
        help="requests per minute that one address may send, 0 for any number; this machine itself always may (default: 600)",
    )
    return flags


def _whole_number(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) > most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {most} but got {text!r}")
        return int(text)

    return number


def bind(host: str, port: int | None) -> socket.socket:
    """A listening socket at a port, or at the first free one of `PORTS`.

    Raises:
        OSError: if the port cannot be had.
    """
    for candidate in PORTS if port is None else (port,):
        # asyncio turns Nagle's algorithm, 40 ms a request, off only where the protocol is named
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            return listener
        except OSError as error:
            listener.close()
            reason = error
    raise reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status, 2 after a mistake of the user, told in one line (`is_users`)."""
    options = parser().parse_args(arguments)
    try:
        return _serve(options)
    except Exception as error:
        if not is_users(error):
            raise
        lacking = isinstance(error, ModuleNotFoundError) and error.name
        print(NOT_INSTALLED.format(lacking) if lacking else told(error), file=sys.stderr)
        return 2


def _serve(options: argparse.Namespace) -> int:
    start = time.perf_counter()
    from app.service.search import SearchService
    from nhl.model.shipped import shipped

    host = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
    try:
        listener = bind(host, options.port)
    except OSError as error:
        print(
            f"port {options.port or PORTS[0]} of {host} cannot be had ({error}): choose --port",
            file=sys.stderr,
        )
        return 2
    with listener:
        with told_to_wait(listener), ThreadPoolExecutor(1) as pool:
            loading = pool.submit(
                lambda: SearchService.open(options.checkpoint or shipped(), options.gallery)
            )
            from app.server.app import create_app, serve  # meanwhile: this takes seconds
            from app.service.encoding import report_start

            app = create_app(loading.result(), per_minute=options.requests_per_minute)
            report_start()
        shown = "localhost" if host in ("0.0.0.0", "::") else host

        def announce() -> None:
            seconds = time.perf_counter() - start
            print(
                f"The page is ready at http://{shown}:{listener.getsockname()[1]} ({seconds:.1f} s)",
                flush=True,
            )

        serve(app, listener, announce)
    return 0


if __name__ == "__main__":
    sys.exit(main())
