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

STRIP = 64  # rows whose tests make one number


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at the first call; keep the machine code on disk where a folder can be written."""
    try:
        compiled: Callable[..., Any] = njit(nogil=True, cache=True)(function)
    except (NumbaError, RuntimeError, OSError):
        compiled = njit(nogil=True)(function)
    return compiled


def _instruction(typed: Callable[..., Any]) -> Callable[..., Any]:
    """`typed` gives a signature, and how to build the instruction from its arguments."""
    known: Callable[..., Any] = intrinsic(typed)
    return known


@_instruction
def popcount(_: Any, value: Any) -> Any:
    """How many bits of an unsigned number are 1."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return value(value), build


@_instruction
def trailing_zeros(_: Any, value: Any) -> Any:
    """The place of the lowest bit that is 1; there must be one."""

    def build(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(value), build


@_instruction
def within(_: Any, work: Any, _at: Any, _limit: Any) -> Any:
    """Bit i: whether work[at + i] <= limit, for 64 rows at once."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array, at, limit = arguments
        element = context.get_data_type(work.dtype)
        vector, number = ir.VectorType(element, STRIP), ir.IntType(32)
        start = builder.gep(context.make_array(work)(context, builder, array).data, [at])
        values = builder.load(builder.bitcast(start, vector.as_pointer()), align=1)
        unset = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(unset, builder.trunc(limit, element), number(0))
        limits = builder.shuffle_vector(first, unset, ir.Constant(ir.VectorType(number, STRIP), [0] * STRIP))
        return builder.bitcast(builder.icmp_unsigned("<=", values, limits), ir.IntType(STRIP))

    return types.uint64(work, types.int64, types.int64), build
