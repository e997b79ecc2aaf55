"""The slow way with ties: every order of them."""

from itertools import permutations, product


def orders(distances: list[int]) -> list[tuple[int, ...]]:
    """Every ranking that sorts by distance."""
    ties = [[i for i, d in enumerate(distances) if d == level] for level in sorted(set(distances))]
    return [sum(parts, ()) for parts in product(*(permutations(tie) for tie in ties))]
