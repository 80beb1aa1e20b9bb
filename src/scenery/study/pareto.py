"""The Pareto front of several aims, and its knee."""

import math
from collections.abc import Sequence

Points = Sequence[Sequence[float]]


def pareto_front(points: Points) -> list[int]:
    """The positions of the points that no other point dominates, in their order.

    A point dominates another one if it is nowhere higher and somewhere lower. All of
    several equal points are on the front.

    Args:
        points: Lower is better in each dimension.
    """
    front: list[int] = []
    # Nothing that comes later in this order dominates a point.
    for place in sorted(range(len(points)), key=lambda place: tuple(points[place])):
        if not any(_dominates(points[other], points[place]) for other in front):
            front.append(place)
    return sorted(front)


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def knee(points: Points) -> int:
    """The position of the point of the front that is nearest to the ideal one.

    The ideal point has the lowest value of each dimension. Each dimension is scaled to 0 to 1 on
    the front. If several are equally near, it is the one that is lowest in the first
    dimension.

    Args:
        points: Lower is better in each dimension.
    """
    front = pareto_front(points)
    lows = [min(values) for values in zip(*(points[place] for place in front), strict=True)]
    highs = [max(values) for values in zip(*(points[place] for place in front), strict=True)]

    def distance(place: int) -> float:
        return math.hypot(
            *(
                (value - low) / (high - low) if high > low else 0.0
                for value, low, high in zip(points[place], lows, highs, strict=True)
            )
        )

    # Distances of 1 and nearly 1 differ by rounding alone.
    return min(front, key=lambda place: (round(distance(place), 9), tuple(points[place]), place))
