"""Exact search at any length over one copy of the codes."""

from nhl.index.nested import NestedIndex, warm_up

__all__ = ["NestedIndex", "warm_up"]
