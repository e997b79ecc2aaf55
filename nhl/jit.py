"""Compiled loops (numba): the compiler, and machine instructions that numba has no name for.

Each instruction is compiled to the best that the processor has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core.errors import NumbaError
from numba.extending import intrinsic


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call; keep the machine code on disk where a folder can be written."""
    try:
        compiled: Callable[..., Any] = njit(nogil=True, cache=True)(function)
    except (NumbaError, RuntimeError, OSError):
        compiled = njit(nogil=True)(function)
    return compiled


def instruction(typed: Callable[..., Any]) -> Callable[..., Any]:
    """An instruction of one's own: `typed` gives a signature, and how to build the instruction from its arguments."""
    known: Callable[..., Any] = intrinsic(typed)
    return known


@instruction
def popcount(_: Any, value: Any) -> Any:
    """How many bits of an unsigned number are 1."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return value(value), build


@instruction
def trailing_zeros(_: Any, value: Any) -> Any:
    """The place of the lowest bit that is 1; there must be one."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(value), build
