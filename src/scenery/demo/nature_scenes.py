"""How coasts, forests, mountains and open country are painted, from far to near."""

import numpy as np

from scenery.demo.canvas import (
    LIGHTS,
    Canvas,
    Floats,
    Point,
    fractal_noise,
    mix,
    rough_line,
)
from scenery.demo.colors import FIELDS, GREENS, ROCKS, pick


def coast(canvas: Canvas) -> None:
    """Paint water to the horizon with waves, perhaps a headland, boats and a beach."""
    rng = canvas.rng
    horizon = rng.uniform(0.25, 0.62)
    canvas.sky(horizon)
    if rng.random() < 0.45:
        _headland(canvas, horizon)
    water = mix((38, 82, 110), canvas.light.sky_low, rng.uniform(0.05, 0.4))
    water = mix(water, (60, 120, 112), rng.uniform(0, 0.5))
    canvas.plane(horizon, canvas.varied(water, 0.1), rng.uniform(0.05, 0.16), (3, 14))
    if canvas.light is LIGHTS["sunset"] or rng.random() < 0.15:
        _glitter(canvas, horizon)
    for _ in range(rng.integers(0, 3)):
        _boat(canvas, horizon)
    if rng.random() < 0.7:
        _beach(canvas, horizon)
    else:
        _waves(canvas, horizon, 1.0, int(rng.integers(2, 7)))
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 5)):
            _boulder(canvas, rng.uniform(0, 1), rng.uniform(0.8, 1.02), rng.uniform(0.08, 0.3))


def _headland(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    height = rng.uniform(0.03, 0.2)
    start, end = sorted(rng.uniform(-0.4, 1.4, 2))
    across = np.linspace(start, end, 24)
    rise = np.sin(np.linspace(0, np.pi, 24)) ** 0.6 * height * rng.uniform(0.7, 1.2, 24)
    tops = [(float(x), float(horizon - y)) for x, y in zip(across, rise, strict=True)]
    color = pick(canvas, (*ROCKS, *GREENS))
    canvas.polygon([*tops, (end, horizon), (start, horizon)], color, rng.uniform(0.3, 0.9))


def _glitter(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    middle = rng.uniform(0.15, 0.85)
    for y in horizon + (1 - horizon) * rng.uniform(0, 1, 70) ** 1.3:
        spread = 0.02 + 0.12 * (y - horizon)
        width = rng.uniform(0.01, 0.06)
        canvas.blob(rng.normal(middle, spread), y, width, 0.007, (290, 290, 270), 0, 0.6)


def _boat(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    x, y = rng.uniform(0.05, 0.95), horizon + rng.uniform(0.005, 0.12)
    size = 0.02 + 0.35 * (y - horizon)
    hull = [
        (x - size, y - size * 0.3),
        (x + size, y - size * 0.3),
        (x + size * 0.7, y),
        (x - size * 0.7, y),
    ]
    canvas.polygon(hull, canvas.varied((200, 195, 190), 0.3), 0.3)
    if rng.random() < 0.6:
        canvas.polygon(
            [(x, y - size * 2.6), (x, y - size * 0.4), (x + size, y - size * 0.4)],
            (235, 235, 232),
            0.3,
        )


def _waves(canvas: Canvas, top: float, bottom: float, count: int) -> None:
    rng = canvas.rng
    for y in sorted(top + (bottom - top) * rng.uniform(0.08, 1, count)):
        near = (y - top) / (1.001 - top)
        across = np.linspace(-0.05, 1.05, 40)
        wobble = np.cumsum(rng.normal(0, 0.006 * near, 40))
        start, stop = sorted(rng.choice(40, 2, replace=False))
        points = list(zip(across[start:stop], y + wobble[start:stop], strict=True))
        if len(points) > 1:
            canvas.line(points, 0.004 + 0.014 * near, (238, 242, 244), 0.3 * (1 - near), 0.75)


def _beach(canvas: Canvas, horizon: float) -> None:
    rng = canvas.rng
    left, right = rng.uniform(horizon + 0.12, 1.05, 2)
    across = np.linspace(0, 1, 30)
    bend = np.cumsum(rng.normal(0, 0.006, 30)) + 0.05 * np.sin(across * rng.uniform(1, 6))
    edge = left + (right - left) * across ** rng.uniform(0.6, 2) + bend
    shore: list[Point] = [(float(x), float(y)) for x, y in zip(across, edge, strict=True)]
    _waves(canvas, horizon, max(horizon + 0.05, float(edge.min())), int(rng.integers(0, 4)))
    sand = pick(canvas, ((214, 190, 148), (190, 172, 142), (150, 138, 122), (224, 206, 172)))
    canvas.polygon([*shore, (1, 1), (0, 1)], sand)
    canvas.line(shore, rng.uniform(0.01, 0.03), (240, 243, 244), 0, 0.9)
    canvas.line([(x, y + 0.035) for x, y in shore], 0.03, sand * 0.75, 0, 0.6)
    canvas.grain(horizon, 1, 0.035, (20, 30))
    for _ in range(rng.integers(0, 4)):
        canvas.person(
            rng.uniform(0, 1),
            rng.uniform(np.clip(edge.mean(), 0.6, 0.95), 1),
            rng.uniform(0.05, 0.12),
        )


def _boulder(canvas: Canvas, x: float, foot: float, width: float) -> None:
    rng = canvas.rng
    angles = np.linspace(np.pi, 2 * np.pi, 9)
    reach = rng.uniform(0.6, 1.1, 9) * width / 2
    points = list(zip(x + np.cos(angles) * reach, foot + np.sin(angles) * reach * 0.8, strict=True))
    rock = pick(canvas, ROCKS) * 0.7
    canvas.polygon(points, rock)
    canvas.polygon([(px, py) for px, py in points if px < x] + [(x, foot)], rock * 1.3)


def forest(canvas: Canvas) -> None:
    """Paint trunks behind trunks under a closed canopy."""
    rng = canvas.rng
    ground = rng.uniform(0.6, 0.85)
    canvas.sky(1.0)
    leaves = pick(canvas, (*GREENS, (150, 112, 46), (128, 140, 60), (60, 78, 50)), 0.12)
    back = mix(leaves * 0.8, canvas.light.sky_low, rng.uniform(0.1, 0.5))
    canvas.box(0, rng.uniform(-0.3, 0.25), 1, 1, back, 0.3, rng.uniform(0.75, 1))
    _leaves(canvas, leaves, 420, (-0.05, 0.75), 0.08, 0.8)
    canvas.grain(0, 0.8, 0.12, (12, 12))
    floor = mix(leaves, (104, 78, 50), rng.uniform(0.1, 0.9))
    canvas.plane(ground - 0.1, floor * 0.8, 0.22, (30, 30))
    conifer = rng.random() < 0.4
    bark = pick(canvas, ((78, 62, 50), (58, 52, 48), (120, 112, 102), (196, 192, 184)), 0.08)
    for distance in np.linspace(0.95, 0, 4):
        near = 1 - distance
        for _ in range(rng.integers(2, 8 - int(4 * near))):
            _trunk(canvas, bark, ground + 0.16 * near, near, distance)
        if conifer and distance > 0.3:
            for x in rng.uniform(-0.1, 1.1, 4):
                foot, height = ground + 0.16 * near, rng.uniform(0.5, 0.9) * (0.6 + near)
                canvas.tree(x, foot, height, leaves * (0.5 + 0.4 * near), distance, True)
        _leaves(canvas, leaves * (0.65 + 0.45 * distance), 110, (-0.1, 0.4), 0.075, 0.9 * distance)
    _leaves(canvas, leaves * 0.8, 60, (ground, 1.05), 0.06, 0.1)
    if rng.random() < 0.3:
        _path(canvas, ground - 0.05, pick(canvas, ((150, 128, 98), (128, 116, 100))), 0.5)


def _leaves(
    canvas: Canvas,
    color: np.ndarray,
    count: int,
    band: tuple[float, float],
    width: float,
    distance: float,
) -> None:
    rng = canvas.rng
    for _ in range(count):
        x, y = rng.uniform(-0.05, 1.05), rng.uniform(*band)
        reach = width * rng.uniform(0.3, 1.1)
        shade = canvas.varied(color, 0.22)
        canvas.blob(
            x, y, reach, reach * rng.uniform(0.5, 0.9), shade, distance, rng.uniform(0.6, 1)
        )


def _trunk(canvas: Canvas, bark: np.ndarray, foot: float, near: float, distance: float) -> None:
    rng = canvas.rng
    x, lean = rng.uniform(-0.05, 1.05), rng.normal(0, 0.04)
    width = (0.012 + 0.07 * near**1.6) * rng.uniform(0.6, 1.4)
    foot += rng.uniform(-0.03, 0.05)
    shade = canvas.varied(bark, 0.12)
    shape = [
        (x - width / 2, foot),
        (x - width * 0.35 + lean, -0.05),
        (x + width * 0.35 + lean, -0.05),
        (x + width / 2, foot),
    ]
    canvas.polygon(shape, shade, distance)
    lit = [(x, foot), (x + lean, -0.05), (x + width * 0.35 + lean, -0.05), (x + width / 2, foot)]
    canvas.polygon(lit, shade * 0.72, distance)
    for _ in range(rng.integers(0, 3)):
        y = rng.uniform(0, 0.4)
        reach = rng.normal(0, 0.15)
        canvas.line(
            [(x + lean * (1 - y), y), (x + lean + reach, y - 0.15)],
            width * 0.3,
            shade * 0.9,
            distance,
        )


def _path(canvas: Canvas, top: float, color: np.ndarray, width: float) -> None:
    rng = canvas.rng
    end, start = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.8)
    down = np.linspace(0, 1, 12)
    middle = end + (start - end) * down**1.5 + 0.08 * np.sin(down * rng.uniform(2, 6)) * down
    half = width / 2 * (0.04 + down**1.6)
    y = top + (1.02 - top) * down
    left = list(zip(middle - half, y, strict=True))
    right = list(zip(middle + half, y, strict=True))
    canvas.polygon([*left, *right[::-1]], color)


def mountain(canvas: Canvas) -> None:
    """Paint peaks with lit and shaded flanks, perhaps snow, over dark foothills."""
    rng = canvas.rng
    base = rng.uniform(0.68, 1.0)
    canvas.sky(0.8)
    rock = pick(canvas, (*ROCKS, (96, 108, 118), (120, 98, 82)), 0.12)
    snow = rng.uniform(0.0, 0.8) if rng.random() < 0.65 else 0.0
    for distance in np.linspace(0.9, 0.15, rng.integers(1, 4)):
        height = rng.uniform(0.35, 0.8) * (0.65 + 0.35 * (1 - distance))
        _massif(canvas, base, height, rock, snow, float(distance))
    if rng.random() < 0.75:
        trees = pick(canvas, GREENS) * 0.6
        tops = canvas.ridge(base + 0.08, rng.uniform(0.04, 0.16), 0.5, trees, 0.25)
        for x in rng.uniform(0, 1, rng.integers(0, 40)):
            foot = float(np.interp(x, np.linspace(0, 1, len(tops)), tops)) + 0.02
            canvas.tree(x, foot, rng.uniform(0.04, 0.12), trees, 0.2, True)
    if rng.random() < 0.35:
        level = rng.uniform(0.84, 0.95)
        water = mix((60, 92, 108), canvas.light.sky_low, 0.4)
        canvas.plane(level, water, 0.08, (3, 14))
    elif rng.random() < 0.5:
        meadow = pick(canvas, (*FIELDS, *GREENS))
        canvas.ridge(rng.uniform(0.88, 1.0), 0.06, 0.35, meadow, 0)
        canvas.grain(0.85, 1, 0.06, (25, 30))
    if rng.random() < 0.3:
        for x in rng.uniform(0, 1, rng.integers(1, 5)):
            canvas.tree(x, 1.03, rng.uniform(0.25, 0.55), np.array((42, 62, 42)), 0, True)


def _massif(
    canvas: Canvas, base: float, height: float, rock: Floats, snow: float, distance: float
) -> None:
    """Paint one range: facets of light and shade follow the slope of a rough height field."""
    rng, size = canvas.rng, canvas.size
    across = np.linspace(0, 1, size)
    peaks = np.zeros(size)
    for _ in range(rng.integers(1, 5)):
        at, width = rng.uniform(-0.05, 1.05), rng.uniform(0.22, 0.6)
        peak = np.clip(1 - np.abs(across - at) / width, 0, None)
        peaks = np.maximum(peaks, peak * rng.uniform(0.6, 1))
    profile = peaks + 0.13 * np.interp(across, np.linspace(0, 1, 129), rough_line(rng, 129, 0.58))
    tops = base - height * np.clip(profile, 0.02, None)
    down = np.linspace(0, 1, size)[:, np.newaxis]
    inside = down >= tops[np.newaxis]
    depth = np.clip((down - tops[np.newaxis]) / height, 0, 1)
    relief = fractal_noise(rng, size, 3, 3, 6)
    slope = np.gradient(relief, axis=1) + np.gradient(profile)[np.newaxis] * size * 0.01
    flank = np.clip(slope / (slope.std() + 1e-9), -2, 2)
    side = rng.choice([-1, 1])
    shade = 1 + 0.25 * side * flank
    white = depth + 0.12 * relief < snow * rng.uniform(0.4, 1.0)
    color = np.where(white[..., np.newaxis] & (snow > 0), (236, 240, 246), rock)
    lit = color * shade[..., np.newaxis] * canvas.light.tint * canvas.light_gain
    haze = min(1.0, canvas.light.haze * distance)
    seen = lit * (1 - haze) + np.asarray(canvas.light.sky_low) * haze
    canvas.paint(np.where(inside[..., np.newaxis], seen, canvas.values()))


def open_country(canvas: Canvas) -> None:
    """Paint low, wide land: fields and meadows, hedges, a few trees, hills far off."""
    rng = canvas.rng
    horizon = rng.uniform(0.3, 0.68)
    canvas.sky(horizon)
    for distance in (0.95, 0.7)[: rng.integers(0, 3)]:
        hills = pick(canvas, (*GREENS, *ROCKS, *FIELDS))
        canvas.ridge(horizon + 0.02, rng.uniform(0.03, 0.2), rng.uniform(0.3, 0.5), hills, distance)
    canvas.plane(horizon, pick(canvas, FIELDS, 0.12), rng.uniform(0.08, 0.2), (22, 22))
    for y in np.sort(horizon + (1 - horizon) * rng.uniform(0, 0.7, rng.integers(0, 5))):
        near = float((y - horizon) / (1 - horizon))
        field = pick(canvas, (*FIELDS, *GREENS), 0.12)
        canvas.ridge(y + 0.05 * near + 0.03, 0.02 + 0.1 * near, 0.3, field, 0.6 * (1 - near))
        if rng.random() < 0.5:
            _hedge(canvas, y + 0.02, 0.015 + 0.06 * near, 0.6 * (1 - near))
    canvas.grain(horizon, 1, 0.05, (26, 34))
    if rng.random() < 0.3:
        _furrows(canvas, horizon + rng.uniform(0.05, 0.2))
    if rng.random() < 0.3:
        _path(canvas, horizon + 0.03, pick(canvas, ((186, 168, 130), (150, 140, 124))), 0.35)
    if rng.random() < 0.22:
        level = rng.uniform(horizon + 0.12, 0.9)
        pond = mix((70, 100, 115), canvas.light.sky_low, 0.5)
        canvas.blob(rng.uniform(0, 1), level, rng.uniform(0.3, 1), rng.uniform(0.03, 0.12), pond)
    for depth in np.sort(rng.uniform(0.02, 0.6, rng.integers(0, 9))):
        foot = horizon + (1 - horizon) * depth
        height = (0.05 + 0.55 * depth) * rng.uniform(0.6, 1.3)
        tree = pick(canvas, GREENS)
        canvas.tree(rng.uniform(0, 1), foot, height, tree, 0.7 * (1 - depth), rng.random() < 0.2)
    if rng.random() < 0.25:
        _fence(canvas, rng.uniform(0.7, 0.92))


def _hedge(canvas: Canvas, foot: float, height: float, distance: float) -> None:
    rng = canvas.rng
    start, end = sorted(rng.uniform(-0.2, 1.2, 2))
    color = pick(canvas, GREENS) * 0.7
    for x in np.arange(start, end, height * 0.6):
        reach = height * rng.uniform(0.7, 1.4)
        canvas.blob(x, foot - reach * 0.3, reach, reach * 0.8, canvas.varied(color, 0.12), distance)


def _furrows(canvas: Canvas, top: float) -> None:
    rng = canvas.rng
    vanishing = rng.uniform(-0.5, 1.5)
    earth = pick(canvas, ((112, 88, 62), (150, 130, 70), (80, 104, 52)))
    for foot in np.arange(-1.5, 2.5, rng.uniform(0.09, 0.18)):
        start = vanishing + (foot - vanishing) * 0.25
        canvas.line([(start, top), (foot, 1.02)], 0.014, earth, 0.2, 0.5)


def _fence(canvas: Canvas, foot: float) -> None:
    rng = canvas.rng
    height, slope = rng.uniform(0.07, 0.14), rng.normal(0, 0.05)
    wood = canvas.varied((132, 112, 88), 0.15)
    for share in (0.35, 0.8):
        y = foot - height * share
        canvas.line([(-0.02, y), (1.02, y + slope)], 0.008, wood)
    for x in np.arange(rng.uniform(0, 0.1), 1, rng.uniform(0.1, 0.18)):
        y = foot + slope * x
        canvas.line([(x, y), (x, y - height)], 0.012, wood)
