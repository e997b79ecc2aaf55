"""Vector instructions of the exact search: 64 distances at once, in registers.

The compiler of loops would take each array apart at each strip; here the vectors are spelt out, and it
has only to choose the processor's instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from nhl.index.strips import STRIP, TOGETHER
from nhl.jit import instruction

_BYTE, _WORD, _LANE = ir.IntType(8), ir.IntType(64), ir.IntType(32)
_BYTES = ir.VectorType(_BYTE, STRIP)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    """Where an array's elements begin."""
    return context.make_array(kind)(context, builder, array).data


def _vector(builder: Any, place: Any, vector: ir.VectorType) -> Any:
    return builder.load(builder.bitcast(place, vector.as_pointer()), align=1)


def _everywhere(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    """A vector of one value."""
    unset = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(unset, value, _LANE(0))
    return builder.shuffle_vector(first, unset, ir.Constant(ir.VectorType(_LANE, STRIP), [0] * STRIP))


def _at_most(builder: Any, values: Any, limit: Any, vector: ir.VectorType) -> Any:
    """Bit i: whether value i is at most the limit."""
    limits = _everywhere(builder, builder.trunc(limit, vector.element), vector)
    return builder.bitcast(builder.icmp_unsigned("<=", values, limits), ir.IntType(STRIP))


def _differing(builder: Any, place: Any, byte: Any, masked: bool) -> Any:
    """How many bits of 64 bytes differ from one byte; if masked, of those that the next 64 bytes mark."""
    differ = builder.xor(_vector(builder, place, _BYTES), _everywhere(builder, byte, _BYTES))
    if masked:
        differ = builder.and_(differ, _vector(builder, builder.gep(place, [_WORD(STRIP)]), _BYTES))
    kind = ir.FunctionType(_BYTES, [_BYTES])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.ctpop.v64i8"), [differ])


def _near(masked: bool) -> Callable[..., Any]:
    run = STRIP * (2 if masked else 1)  # bytes of a strip for one byte of a code

    def typed(
        _: Any, codes: Any, strips: Any, width: Any, strip: Any, query: Any, asked: Any, out: Any, limit: Any
    ) -> Any:
        def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            codes_array, strips, width, strip, query_array, asked, out_array, limit = arguments
            vector = ir.VectorType(context.get_data_type(out.dtype), STRIP)
            laid, wanted = (
                _data(context, builder, codes, codes_array),
                _data(context, builder, query, query_array),
            )
            total = cgutils.alloca_once_value(builder, ir.Constant(vector, [0] * STRIP))

            def add(start: Any, size: Any, count: Any) -> None:
                """Add `count` bytes of the code, from `start` on, which lie in a piece of `size` a strip."""
                before = builder.add(builder.mul(start, strips), builder.mul(strip, size))
                piece = builder.gep(laid, [builder.mul(before, _WORD(run))])
                with cgutils.for_range(builder, count) as loop:
                    place = builder.gep(piece, [builder.mul(loop.index, _WORD(run))])
                    byte = builder.load(builder.gep(wanted, [builder.add(start, loop.index)]))
                    found = _differing(builder, place, byte, masked)
                    found = found if vector == _BYTES else builder.zext(found, vector)
                    builder.store(builder.add(builder.load(total), found), total)

            whole = _WORD(TOGETHER)
            pieces = builder.udiv(asked, whole)
            with cgutils.for_range(builder, pieces) as loop:
                add(builder.mul(loop.index, whole), whole, whole)
            done = builder.mul(pieces, whole)
            left = builder.sub(width, done)
            last = builder.select(builder.icmp_unsigned("<", left, whole), left, whole)
            add(done, last, builder.sub(asked, done))
            place = builder.bitcast(_data(context, builder, out, out_array), vector.as_pointer())
            builder.store(builder.load(total), place, align=1)
            return _at_most(builder, builder.load(total), limit, vector)

        number = types.int64
        return types.uint64(codes, number, number, number, query, number, out, number), build

    return instruction(typed)


near = _near(masked=False)
"""Distances of a strip to the query's first `asked` bytes, into `out`, and which are at most the limit.

Arguments: codes, how many strips and bytes a code has, which strip, query, asked, out, limit.
"""

near_common = _near(masked=True)
"""The same of 64 strips' bits in common: the least distance that any of their rows can have."""


@instruction
def within(_: Any, values: Any, _at: Any, _limit: Any) -> Any:
    """Bit i: whether values[at + i] is at most the limit, for 64 of them."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array, at, limit = arguments
        vector = ir.VectorType(context.get_data_type(values.dtype), STRIP)
        place = builder.gep(_data(context, builder, values, array), [at])
        return _at_most(builder, _vector(builder, place, vector), limit, vector)

    return types.uint64(values, types.int64, types.int64), build
