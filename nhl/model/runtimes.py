"""The ways to run a checkpoint's network: pixels in, real outputs out. Imports torch only where it must.

OpenVINO runs pictures one at a time, in as many threads as call it, so a picture's outputs do not depend
on its company. It converts a checkpoint once and keeps the result in a cache folder: later starts never
import torch.
"""

import os
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nhl.atomic_write import write_bytes
from nhl.digest import sha256
from nhl.machine import lends_gpu, processors
from nhl.model.checkpoint import fingerprint, read_config

FORMAT = 1  # of the converted networks; raise it where `_convert` changes


class Network(Protocol):
    """Pixels (M, S, S, 3), uint8, to real outputs (M, B), float32; safe to call from many threads."""

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]: ...


class TorchNetwork:
    """The network in torch, in full precision, on a GPU where there is one."""

    def __init__(self, folder: Path) -> None:
        import torch

        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = _torch_network(folder, self._device)
        self._lock = threading.Lock()  # one batch at a time uses all of the device; the others prepare theirs

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        # TF32 would round to 10 bits, enough to flip bits of the code
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with self._lock, torch.inference_mode(), exact:
            outputs = self._network(torch.from_numpy(pixels).to(self._device))
        result: NDArray[np.float32] = outputs.cpu().numpy()
        return result


# What OpenVINO's binding sets up at a process's first inference deadlocks if two threads are inside: one
# waits for Python's lock, the other holds that and waits for the first.
_first_pictures = threading.Lock()


class OpenVINONetwork:
    """The network in OpenVINO, on the CPU, in full precision."""

    def __init__(self, folder: Path) -> None:
        graph = _graph(folder)
        self._compiled: dict[int, _Requests] = {}
        self._lock = threading.Lock()
        with _first_pictures:
            self._core = import_openvino().Core()
            self._graph = self._core.read_model(*graph)
            self(np.zeros(self._graph.inputs[0].shape, np.uint8))

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        # All processors on one picture is fastest for one; a processor for each picture, for many.
        return self._requests(1 if len(pixels) == 1 else processors()).infer(pixels)

    def _requests(self, streams: int) -> "_Requests":
        with self._lock:
            if streams not in self._compiled:
                settings = {
                    "INFERENCE_PRECISION_HINT": "f32",  # some processors would choose bf16
                    "INFERENCE_NUM_THREADS": processors(),
                    "NUM_STREAMS": streams,
                }
                self._compiled[streams] = _Requests(self._core.compile_model(self._graph, "CPU", settings))
            return self._compiled[streams]


class _Requests:
    """A compiled network with an infer request for each thread that is inside it."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._idle: list[Any] = []  # append and pop are safe between threads

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._compiled.create_infer_request()
        try:
            return np.concatenate([request.infer([picture[None]])[0] for picture in pixels])
        finally:
            self._idle.append(request)


RUNTIMES: dict[str, Callable[[Path], Network]] = {"openvino": OpenVINONetwork, "torch": TorchNetwork}


def fastest_runtime() -> str:
    """The name of the fastest runtime at hand: torch on a GPU, else OpenVINO, else torch."""
    marks = (
        "/dev/nvidiactl",
        "/dev/kfd",
    )  # torch is asked only where it may say yes: importing it takes seconds
    if not lends_gpu() and (any(Path(mark).exists() for mark in marks) or which("nvidia-smi")):
        import torch

        if torch.cuda.is_available():
            return "torch"
    return "openvino" if find_spec("openvino") else "torch"


def cache_folders() -> Iterator[Path]:
    """Where converted networks may be kept: `$NHL_CACHE`, or the user's cache, or a temporary folder."""
    if chosen := os.environ.get("NHL_CACHE"):
        yield Path(chosen)
        return
    with suppress(RuntimeError):  # no home
        home = {"win32": "~/AppData/Local", "darwin": "~/Library/Caches"}.get(sys.platform, "~/.cache")
        yield Path(os.environ.get("XDG_CACHE_HOME") or home).expanduser() / "nhl"
    yield Path(tempfile.gettempdir()) / "nhl"


def _torch_network(folder: Path, device: str) -> Any:
    """The module from pixels (M, S, S, 3) to outputs (M, B), preprocessing's arithmetic included."""
    import torch

    from nhl.model.network import NestedHashModel
    from nhl.model.normalization import FromPixels

    network = FromPixels(NestedHashModel.from_pretrained(folder)).requires_grad_(False).eval()
    return network.to(device).to(memory_format=torch.channels_last)


def import_openvino() -> Any:
    """The package openvino, without its telemetry.

    Raises:
        ModuleNotFoundError: if it is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # it would report to its makers
    try:
        return import_module("openvino")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this needs the package openvino: `pip install openvino`", name="openvino"
        ) from error


def _graph(folder: Path) -> tuple[bytes, bytes]:
    """The network in OpenVINO's format (structure, weights): from the cache, or converted and kept there."""
    version = import_openvino().__version__.partition("-")[0]
    name = f"{fingerprint(folder)}-openvino-{version}-{FORMAT}.safetensors"
    for place in cache_folders():
        if found := _read(place / name):
            return found
    graph = _convert(folder)
    for place in cache_folders():
        with suppress(OSError):  # a read-only or full disk: the next start converts again
            _write(place / name, graph)
            break
    return graph


def _convert(folder: Path) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "graph.xml"
        # In a process of its own, so that this one never holds torch; here if that fails, to say why.
        held = "torch" in sys.modules and not lends_gpu()  # there it is altered, and cannot be traced
        if held or not _save_graph_apart(folder, path):
            save_graph(folder, path)
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def _save_graph_apart(folder: Path, path: Path) -> bool:
    code = "import sys; from pathlib import Path; from nhl.model.runtimes import save_graph; "
    code += "save_graph(*map(Path, sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(folder), str(path)]
    return not subprocess.run(command, env=environment, capture_output=True, check=False).returncode


def save_graph(folder: Path, path: Path) -> None:
    """Convert a checkpoint's network to OpenVINO's format: the file `path` (.xml) and its .bin."""
    import torch

    openvino, size = import_openvino(), read_config(folder).preprocessing.size
    pixels = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated, and three times as fast as export
        recorded, example = _recorded(_torch_network(folder, "cpu"), pixels)
        shape = openvino.PartialShape(pixels.shape)
        model = openvino.convert_model(recorded, input=shape, **example)
    model.reshape(shape)
    openvino.save_model(model, path, compress_to_fp16=False)


def _recorded(network: Any, pixels: Any) -> tuple[Any, dict[str, Any]]:
    """The operations of a network as OpenVINO takes them, by `torch.jit.trace` for as long as torch has it."""
    import torch

    trace: Any = getattr(torch.jit, "trace", None)
    if trace is not None:
        return trace(network, pixels, check_trace=False), {"example_input": pixels}
    return torch.export.export(network, (pixels,)), {}


def _write(path: Path, graph: tuple[bytes, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    structure, weights = (np.frombuffer(part, dtype=np.uint8) for part in graph)
    write_bytes(path, save({"structure": structure, "weights": weights}, {"sum": sha256(*graph)}))


def _read(path: Path) -> tuple[bytes, bytes] | None:
    with suppress(SafetensorError, OSError), safe_open(path, framework="numpy") as file:
        graph = file.get_tensor("structure").tobytes(), file.get_tensor("weights").tobytes()
        if (file.metadata() or {}).get("sum") == sha256(*graph):
            return graph
    return None
