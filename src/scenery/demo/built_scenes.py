"""How highways, inner cities, streets and tall buildings are painted, from far to near."""

from itertools import pairwise

import numpy as np

from scenery.demo.canvas import Canvas
from scenery.demo.colors import ASPHALT, FIELDS, GREENS, ROCKS, TOWERS, WALLS, pick


def _road(canvas: Canvas, horizon: float, vanishing: float, left: float, right: float) -> None:
    asphalt = pick(canvas, ASPHALT, 0.08)
    canvas.polygon(
        [(vanishing - 0.008, horizon), (vanishing + 0.008, horizon), (right, 1.02), (left, 1.02)],
        asphalt,
    )


def _dashes(
    canvas: Canvas, horizon: float, vanishing: float, foot: float, color: tuple, solid: bool
) -> None:
    """Paint a lane marking from the vanishing point to `foot` at the bottom."""
    phase = canvas.rng.uniform(0, 1)
    for number in range(12):
        near, far = (
            0.9 / (number + phase + shift + 0.35) for shift in (0.0, 1.0 if solid else 0.45)
        )
        ends = []
        for depth in (min(near, 1.1), min(far, 1.1)):
            y = horizon + (1 - horizon) * depth
            x = vanishing + (foot - vanishing) * depth
            ends.append((x, y, 0.016 * depth))
        (x0, y0, w0), (x1, y1, w1) = ends
        canvas.polygon([(x0 - w0, y0), (x0 + w0, y0), (x1 + w1, y1), (x1 - w1, y1)], color, 0.2)


def highway(canvas: Canvas) -> None:
    """Paint a wide, empty-sided road running to the horizon, with lanes and traffic."""
    rng = canvas.rng
    horizon, vanishing = rng.uniform(0.32, 0.6), rng.uniform(0.25, 0.75)
    canvas.sky(horizon)
    for distance in (0.9, 0.6)[: rng.integers(0, 3)]:
        color = pick(canvas, (*GREENS, *ROCKS))
        canvas.ridge(
            horizon + 0.02, rng.uniform(0.02, 0.14), rng.uniform(0.3, 0.5), color, distance
        )
    canvas.plane(horizon, pick(canvas, (*FIELDS, *GREENS, (150, 142, 130))), 0.12, (20, 20))
    for x in rng.uniform(0, 1, rng.integers(0, 22)):
        tree = pick(canvas, GREENS)
        canvas.tree(x, horizon + 0.015, rng.uniform(0.03, 0.12), tree, 0.6, rng.random() < 0.3)
    left, right = vanishing - rng.uniform(0.45, 1.3), vanishing + rng.uniform(0.45, 1.3)
    _road(canvas, horizon, vanishing, left, right)
    for share in np.linspace(0, 1, rng.integers(3, 6)):
        edge = share in (0, 1)
        foot = left + (right - left) * (0.06 + 0.88 * share)
        _dashes(canvas, horizon, vanishing, foot, (235, 232, 215), bool(edge))
    if rng.random() < 0.5:
        _rail(canvas, horizon, vanishing, rng.choice([left - 0.12, right + 0.12]))
    if rng.random() < 0.3:
        _bridge(canvas, horizon)
    if rng.random() < 0.4:
        _lamps(canvas, horizon, vanishing, rng.choice([left - 0.2, right + 0.2]))
    if rng.random() < 0.3:
        y = horizon - rng.uniform(0.08, 0.2)
        x = rng.uniform(0.1, 0.7)
        canvas.line([(x + 0.02, y), (x + 0.02, horizon + 0.05)], 0.01, (120, 124, 128))
        canvas.box(x, y, x + rng.uniform(0.14, 0.3), y + 0.09, (40, 100, 70), 0.2)
    for depth in np.sort(rng.uniform(0.08, 0.75, rng.integers(0, 6))):
        x = vanishing + (rng.uniform(left, right) - vanishing) * depth * 0.85
        canvas.car(x, horizon + (1 - horizon) * depth, 0.32 * depth + 0.015, 0.6 * (1 - depth))


def _rail(canvas: Canvas, horizon: float, vanishing: float, foot: float) -> None:
    steel = (168, 172, 176)
    for lift in (0.1, 0.14):
        start = (vanishing, horizon)
        canvas.polygon([start, start, (foot, 1.0 - lift), (foot, 1.03 - lift)], steel, 0.2)
    for number in range(1, 10):
        depth = 1 / (0.6 * number + 0.4)
        x, y = vanishing + (foot - vanishing) * depth, horizon + (1 - horizon) * depth
        canvas.line([(x, y), (x, y - 0.14 * depth)], 0.012 * depth, steel, 0.3)


def _bridge(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    y, thick = horizon - rng.uniform(0.03, 0.16), rng.uniform(0.03, 0.07)
    concrete = canvas.varied((158, 154, 148), 0.12)
    for x in rng.uniform(0, 1, 2):
        canvas.box(x - 0.02, y, x + 0.02, horizon + 0.06, concrete * 0.8, 0.3)
    canvas.box(-0.1, y - thick, 1.1, y, concrete, 0.3)
    canvas.box(-0.1, y - thick * 0.25, 1.1, y, concrete * 0.6, 0.3)


def _lamps(canvas: Canvas, horizon: float, vanishing: float, foot: float) -> None:
    inward = 0.12 if foot < vanishing else -0.12
    for number in range(1, 7):
        depth = 1 / (0.7 * number + 0.4)
        x, y = vanishing + (foot - vanishing) * depth, horizon + (1 - horizon) * depth
        top = y - 0.75 * depth
        canvas.line(
            [(x, y), (x, top), (x + inward * depth, top - 0.02 * depth)],
            0.014 * depth,
            (110, 112, 116),
            0.3,
        )


def inside_city(canvas: Canvas) -> None:
    """Paint house fronts seen from across the street, with shops, people and parked cars."""
    rng = canvas.rng
    canvas.sky(rng.uniform(0.3, 0.8))
    ground = rng.uniform(0.74, 0.92)
    tilt = rng.normal(0, 0.03)
    x = rng.uniform(-0.4, 0)
    while x < 1:
        width = rng.uniform(0.3, 0.75)
        top = rng.uniform(-0.25, 0.22)
        _front(canvas, x, x + width, top, ground, tilt)
        x += width + (rng.uniform(0.01, 0.1) if rng.random() < 0.15 else 0)
    pavement = canvas.varied((158, 154, 148), 0.1)
    canvas.polygon([(0, ground), (1, ground + tilt), (1, 1.02), (0, 1.02)], pavement)
    if rng.random() < 0.75:
        kerb = ground + rng.uniform(0.04, 0.12)
        canvas.polygon([(0, kerb), (1, kerb + tilt), (1, 1.02), (0, 1.02)], pick(canvas, ASPHALT))
    if rng.random() < 0.4:
        for tree_x in rng.uniform(0, 1, rng.integers(1, 3)):
            canvas.tree(
                tree_x, ground + 0.03, rng.uniform(0.3, 0.65), pick(canvas, GREENS), 0, False
            )
    for _ in range(rng.integers(0, 6)):
        canvas.person(rng.uniform(0, 1), ground + rng.uniform(0.01, 0.07), rng.uniform(0.09, 0.18))
    if rng.random() < 0.5:
        for car_x in rng.uniform(0, 1, rng.integers(1, 4)):
            _parked(canvas, car_x, ground + rng.uniform(0.06, 0.12), rng.uniform(0.2, 0.36))


def _front(
    canvas: Canvas, left: float, right: float, top: float, ground: float, tilt: float
) -> None:
    rng = canvas.rng
    wall = pick(canvas, WALLS, 0.1)
    shop = ground - rng.uniform(0.16, 0.26)
    corners = [
        (left, top),
        (right, top + tilt),
        (right, shop + tilt * right),
        (left, shop + tilt * left),
    ]
    floors, columns = int(rng.integers(2, 5)), max(2, round((right - left) * rng.uniform(6, 11)))
    canvas.wall(corners, floors, columns, wall)
    if rng.random() < 0.6:
        canvas.line([corners[0], corners[1]], 0.03, wall * 0.8)
    if rng.random() < 0.7:
        canvas.polygon(
            [(left, shop), (right, shop), (right, ground + 0.03), (left, ground + 0.03)], wall * 0.7
        )
        for x in np.arange(left + 0.02, right - 0.08, rng.uniform(0.1, 0.2)):
            canvas.box(x, shop + 0.05, x + 0.085, ground - 0.02, canvas.varied((70, 74, 80), 0.3))
        awning = pick(canvas, ((165, 52, 46), (60, 102, 74), (58, 72, 120), (204, 190, 150)), 0.12)
        if rng.random() < 0.65:
            canvas.polygon(
                [
                    (left + 0.01, shop),
                    (right - 0.01, shop),
                    (right, shop + 0.055),
                    (left, shop + 0.055),
                ],
                awning,
            )
    else:
        canvas.wall(
            [(left, shop), (right, shop), (right, ground + 0.03), (left, ground + 0.03)],
            1,
            columns,
            wall * 0.95,
        )


def _parked(canvas: Canvas, x: float, foot: float, length: float) -> None:
    """Paint a car seen from its side."""
    rng = canvas.rng
    paint = canvas.varied(
        rng.choice([(150, 40, 38), (60, 75, 120), (210, 210, 212), (44, 46, 50)]), 0.12
    )
    half, height = length / 2, length * 0.2
    canvas.box(x - half, foot - height, x + half, foot - height * 0.2, paint)
    cabin = [
        (x - half * 0.65, foot - height),
        (x - half * 0.4, foot - height * 1.8),
        (x + half * 0.35, foot - height * 1.8),
        (x + half * 0.65, foot - height),
    ]
    canvas.polygon(cabin, (56, 64, 74))
    for wheel in (x - half * 0.6, x + half * 0.6):
        canvas.blob(wheel, foot - height * 0.15, height * 0.75, height * 0.75, (24, 24, 26))


def street(canvas: Canvas) -> None:
    """Paint a street between two rows of houses that run to one vanishing point."""
    rng = canvas.rng
    horizon, vanishing = rng.uniform(0.42, 0.62), rng.uniform(0.3, 0.7)
    canvas.sky(horizon)
    if rng.random() < 0.5:
        end = pick(canvas, (*WALLS, *GREENS))
        canvas.box(
            vanishing - 0.2, horizon - rng.uniform(0.05, 0.2), vanishing + 0.2, horizon, end, 0.8
        )
    pavement = canvas.varied((160, 156, 150), 0.1)
    canvas.plane(horizon, pavement, 0.06, (30, 30))
    left, right = vanishing - rng.uniform(0.25, 0.75), vanishing + rng.uniform(0.25, 0.75)
    _road(canvas, horizon, vanishing, left, right)
    if rng.random() < 0.5:
        middle = (left + right) / 2
        _dashes(canvas, horizon, vanishing, middle, (226, 222, 206), rng.random() < 0.3)
    for foot, side in ((left - rng.uniform(0.12, 0.3), -1), (right + rng.uniform(0.12, 0.3), 1)):
        if rng.random() < 0.9:
            _row_of_houses(canvas, horizon, vanishing, foot)
        else:
            _row_of_trees(canvas, horizon, vanishing, foot)
        kerb = left if side < 0 else right
        if rng.random() < 0.4:
            _row_of_trees(canvas, horizon, vanishing, (kerb + foot) / 2)
        if rng.random() < 0.6:
            for depth in np.sort(rng.uniform(0.15, 0.8, rng.integers(1, 6))):
                x = vanishing + (kerb - side * 0.08 - vanishing) * depth
                canvas.car(x, horizon + (1 - horizon) * depth, 0.38 * depth, 0.4 * (1 - depth))
    if rng.random() < 0.35:
        _lamps(canvas, horizon, vanishing, rng.choice([left - 0.04, right + 0.04]))
    for depth in np.sort(rng.uniform(0.2, 0.8, rng.integers(0, 5))):
        x = vanishing + (rng.choice([left - 0.08, right + 0.08]) - vanishing) * depth
        canvas.person(x, horizon + (1 - horizon) * depth, 0.36 * depth)


def _row_of_houses(canvas: Canvas, horizon: float, vanishing: float, foot: float) -> None:
    """Paint house walls along a line from near the vanishing point towards the viewer."""
    rng = canvas.rng
    edges = [0.06]
    while edges[-1] < 1.3:
        edges.append(edges[-1] * rng.uniform(1.35, 2.1))
    storeys = rng.uniform(0.45, 1.25)
    for far, near in pairwise(edges):
        height = storeys * rng.uniform(0.7, 1.25)
        corners = []
        for depth, top in ((far, True), (near, True), (near, False), (far, False)):
            x = vanishing + (foot - vanishing) * depth
            y = horizon + (1 - horizon) * depth - (height * depth if top else 0)
            corners.append((x, y))
        distance = float(np.clip(0.8 - far, 0, 1))
        wall = pick(canvas, WALLS, 0.12) * (0.9 if foot < vanishing else 0.75)
        floors = max(2, round(height * 5))
        canvas.wall(corners, floors, int(rng.integers(2, 5)), wall, distance, far / near)


def _row_of_trees(canvas: Canvas, horizon: float, vanishing: float, foot: float) -> None:
    rng = canvas.rng
    leaves, height = pick(canvas, GREENS), rng.uniform(0.5, 1.0)
    for depth in np.sort(0.7 / np.arange(1, 7) * rng.uniform(0.85, 1.15)):
        x, y = vanishing + (foot - vanishing) * depth, horizon + (1 - horizon) * depth
        canvas.tree(x, y, height * depth, leaves, 0.6 * (1 - depth), False)


def tall_building(canvas: Canvas) -> None:
    """Paint towers against the sky, from below or as a skyline."""
    rng = canvas.rng
    canvas.sky(rng.uniform(0.7, 1.3))
    ground = rng.uniform(0.86, 1.1)
    for distance in (0.85, 0.6)[: rng.integers(0, 3)]:
        for _ in range(rng.integers(3, 9)):
            _tower(canvas, ground, rng.uniform(0.06, 0.16), rng.uniform(0.2, 0.55), distance)
    for _ in range(rng.integers(1, 4)):
        _tower(canvas, ground, rng.uniform(0.16, 0.42), rng.uniform(0.6, 1.15), 0.1)
    if rng.random() < 0.35:
        for x in rng.uniform(0, 1, rng.integers(2, 8)):
            tree = pick(canvas, GREENS)
            canvas.tree(x, ground + 0.06, rng.uniform(0.1, 0.3), tree, 0.1, False)
    if ground < 0.97:
        canvas.box(0, ground, 1, 1.02, pick(canvas, (*ASPHALT, *GREENS)))
        for x in rng.uniform(0, 1, rng.integers(0, 5)):
            canvas.car(x, rng.uniform(ground + 0.02, 1), rng.uniform(0.05, 0.1), 0.2)


def _tower(canvas: Canvas, ground: float, width: float, height: float, distance: float) -> None:
    """Paint a tower, narrower towards its top as if seen from below, perhaps with two faces."""
    rng = canvas.rng
    left = rng.uniform(-0.12, 1.02 - width * 0.6)
    top, shrink = ground - height, rng.uniform(0.6, 1.0)
    middle = left + width / 2 + (0.5 - left - width / 2) * (1 - shrink)
    wall = pick(canvas, (*TOWERS, *WALLS[:5]), 0.12)
    upper = middle - width * shrink / 2, middle + width * shrink / 2
    corner = rng.uniform(0.55, 0.85) if rng.random() < 0.6 else 1.0
    split_low, split_high = left + width * corner, upper[0] + (upper[1] - upper[0]) * corner
    floors, columns = (
        int(rng.integers(9, 26) * min(1, height + 0.2)),
        max(2, round(width * rng.uniform(14, 34))),
    )
    slope = rng.uniform(0, 0.06) * width * 3
    front = [(upper[0], top + slope), (split_high, top), (split_low, ground), (left, ground)]
    # One column is a band of glass from side to side.
    across = 1 if rng.random() < 0.25 else max(2, round(columns * corner))
    canvas.wall(front, floors, across, wall, distance)
    if corner < 1:
        flank = [
            (split_high, top),
            (upper[1], top + slope),
            (left + width, ground),
            (split_low, ground),
        ]
        canvas.wall(flank, floors, max(1, round(columns * (1 - corner))), wall * 0.65, distance)
    if rng.random() < 0.3:
        x = (upper[0] + upper[1]) / 2
        canvas.line(
            [(x, top + 0.01), (x, top - rng.uniform(0.05, 0.16))], 0.01, wall * 0.6, distance
        )
