"""The Pareto front of several aims and its knee, on points made by hand."""

import itertools
import random

from scenery.study.pareto import knee, pareto_front


def test_front_has_the_points_that_nothing_dominates() -> None:
    points = [(0.0, 5.0), (1.0, 1.0), (2.0, 2.0), (5.0, 0.0), (1.0, 1.0), (0.0, 6.0)]
    assert pareto_front(points) == [0, 1, 3, 4]


def test_front_is_that_of_comparing_all_pairs() -> None:
    generator = random.Random(0)
    points = [tuple(generator.randint(0, 6) for _ in range(3)) for _ in range(80)]
    dominated = {
        place
        for place, other in itertools.permutations(range(80), 2)
        if points[other] != points[place]
        and all(a <= b for a, b in zip(points[other], points[place], strict=True))
    }
    assert pareto_front(points) == sorted(set(range(80)) - dominated)


def test_knee_is_nearest_to_the_ideal_point() -> None:
    assert knee([(0.0, 100.0), (1.0, 10.0), (9.0, 5.0), (10.0, 0.0)]) == 1
    # A dominated point does not change the scale.
    assert knee([(0.0, 100.0), (1.0, 10.0), (9.0, 5.0), (10.0, 0.0), (1000.0, 10.0)]) == 1


def test_knee_of_equal_distances_is_best_in_the_first_aim() -> None:
    assert knee([(1.0, 0.0), (0.0, 1.0)]) == 1
    assert knee([(2.0, 3.0)]) == 0
    assert knee([(0.0, 1.0), (0.0, 1.0)]) == 0
