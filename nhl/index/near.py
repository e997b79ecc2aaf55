"""Vector instructions of the exact search: 64 distances at once, in registers.

The compiler of loops would take each array apart at each strip; here the vectors are spelt out, and it
has only to choose the processor's instructions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from nhl.index.strips import STRIP, TOGETHER
from nhl.jit import instruction

_BYTE, _WORD, _LANE = ir.IntType(8), ir.IntType(64), ir.IntType(32)
_BYTES = ir.VectorType(_BYTE, STRIP)
_NUMBER = types.int64
_UNROLLED = (1, 2, 4, 8, 16)  # bytes asked for which the whole query stays in registers


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


@dataclass(frozen=True)
class _Strips:
    """Strips and a query, as values of the function that is being compiled."""

    builder: Any
    laid: Any
    count: Any
    width: Any
    query: Any
    vector: ir.VectorType
    masked: bool

    def distances(self, strip: Any, asked: Any) -> Any:
        """The vector of a strip's distances to the first `asked` bytes of the query."""
        builder, whole = self.builder, _WORD(TOGETHER)
        total = cgutils.alloca_once(builder, self.vector)
        builder.store(ir.Constant(self.vector, [0] * STRIP), total)
        pieces = builder.udiv(asked, whole)
        with cgutils.for_range(builder, pieces) as loop:
            self._add(total, strip, builder.mul(loop.index, whole), whole, whole)
        done = builder.mul(pieces, whole)
        left = builder.sub(self.width, done)
        last = builder.select(builder.icmp_unsigned("<", left, whole), left, whole)
        self._add(total, strip, done, last, builder.sub(asked, done))
        return builder.load(total)

    def _add(self, total: Any, strip: Any, start: Any, size: Any, count: Any) -> None:
        """Add `count` bytes of the code, from `start` on, which lie in a piece of `size` a strip."""
        builder, run = self.builder, _WORD(2 * STRIP if self.masked else STRIP)
        before = builder.add(builder.mul(start, self.count), builder.mul(strip, size))
        piece = builder.gep(self.laid, [builder.mul(before, run)])
        with cgutils.for_range(builder, count) as loop:
            place = builder.gep(piece, [builder.mul(loop.index, run)])
            byte = builder.load(builder.gep(self.query, [builder.add(start, loop.index)]))
            found = _differing(builder, place, byte, self.masked)
            found = found if self.vector == _BYTES else builder.zext(found, self.vector)
            builder.store(builder.add(builder.load(total), found), total)


def _near(masked: bool) -> Callable[..., Any]:
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
            found = _Strips(builder, laid, strips, width, wanted, vector, masked).distances(strip, asked)
            place = builder.bitcast(_data(context, builder, out, out_array), vector.as_pointer())
            builder.store(found, place, align=1)
            return _at_most(builder, found, limit, vector)

        return types.uint64(codes, _NUMBER, _NUMBER, _NUMBER, query, _NUMBER, out, _NUMBER), build

    return instruction(typed)


near = _near(masked=False)
"""Distances of a strip to the query's first `asked` bytes, into `out`, and which are at most the limit.

Arguments: codes, how many strips and bytes a code has, which strip, query, asked, out, limit.
"""

near_common = _near(masked=True)
"""The same of 64 strips' bits in common: the least distance that any of their rows can have."""


@instruction
def next_near(
    _: Any,
    codes: Any,
    strips: Any,
    width: Any,
    start: Any,
    stop: Any,
    query: Any,
    asked: Any,
    out: Any,
    limit: Any,
) -> Any:
    """The first strip from `start` on, before `stop`, with a distance at most the limit; else `stop`."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        codes_array, strips, width, start, stop, query_array, asked, _, limit = arguments
        vector = ir.VectorType(context.get_data_type(out.dtype), STRIP)
        laid, wanted = (
            _data(context, builder, codes, codes_array),
            _data(context, builder, query, query_array),
        )
        held = _Strips(builder, laid, strips, width, wanted, vector, masked=False)
        found = cgutils.alloca_once_value(builder, stop)

        def look(count: Any) -> None:
            with cgutils.for_range_slice(builder, start, stop, _WORD(1)) as (strip, _):
                mask = _at_most(builder, held.distances(strip, count), limit, vector)
                with builder.if_then(builder.icmp_unsigned("!=", mask, _WORD(0)), likely=False):
                    builder.store(strip, found)
                    builder.branch(done)

        done = builder.append_basic_block("found")
        for count in _UNROLLED:
            with builder.if_then(builder.icmp_unsigned("==", asked, _WORD(count))):
                look(_WORD(count))
                builder.branch(done)
        look(asked)
        builder.branch(done)
        builder.position_at_end(done)
        return builder.load(found)

    return types.int64(codes, _NUMBER, _NUMBER, _NUMBER, _NUMBER, query, _NUMBER, out, _NUMBER), build


@instruction
def within(_: Any, values: Any, _at: Any, _limit: Any) -> Any:
    """Bit i: whether values[at + i] is at most the limit, for 64 of them."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array, at, limit = arguments
        vector = ir.VectorType(context.get_data_type(values.dtype), STRIP)
        place = builder.gep(_data(context, builder, values, array), [at])
        return _at_most(builder, _vector(builder, place, vector), limit, vector)

    return types.uint64(values, _NUMBER, _NUMBER), build
