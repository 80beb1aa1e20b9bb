"""What generated scenes are painted with: light, skies, textures, trees, walls and windows.

Positions run from 0 (left, top) to 1 (right, bottom); colors are RGB triples from 0 to 255 as
they would look close by in white light, and take on the scene's light and haze when painted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Color = Sequence[float] | NDArray[np.float64]
Point = tuple[float, float]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Light:
    """The light of a scene: sky at the top and at the horizon, tint of things, haze."""

    sky_top: Color
    sky_low: Color
    tint: Color
    haze: float
    clouds: float


# Every class is seen in every light, so that colors alone do not give a class away.
LIGHTS = {
    "clear": Light((70, 130, 205), (185, 212, 235), (1.0, 1.0, 0.96), 0.25, 0.35),
    "bright": Light((105, 165, 225), (225, 235, 240), (1.12, 1.1, 1.05), 0.35, 0.5),
    "overcast": Light((150, 156, 164), (205, 208, 210), (0.8, 0.83, 0.88), 0.4, 0.9),
    "misty": Light((188, 192, 196), (214, 216, 216), (0.88, 0.9, 0.92), 0.75, 0.3),
    "sunset": Light((72, 82, 135), (250, 170, 95), (0.92, 0.68, 0.5), 0.35, 0.7),
    "dusk": Light((32, 42, 80), (135, 112, 140), (0.46, 0.47, 0.66), 0.3, 0.5),
    "storm": Light((78, 84, 94), (148, 152, 152), (0.6, 0.63, 0.66), 0.35, 1.0),
}


def mix(first: Color, second: Color, share: float) -> Floats:
    """Return a color between two; `share` 1 gives the second."""
    return np.asarray(first, float) * (1 - share) + np.asarray(second, float) * share


def fractal_noise(
    rng: np.random.Generator, size: int, across: float, down: float, octaves: int = 4
) -> Floats:
    """Return smooth noise, (size, size), mean 0, standard deviation 1.

    `across` and `down` are how many lumps its coarsest octave has along each side.
    """
    total = np.zeros((size, size))
    for octave in range(octaves):
        cells = [min(size, max(2, round(lumps * 2**octave)) + 1) for lumps in (down, across)]
        grid = Image.fromarray(rng.standard_normal(cells).astype(np.float32))
        total += np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC)) / 2**octave
    return (total - total.mean()) / (total.std() + 1e-9)


def rough_line(rng: np.random.Generator, points: int, roughness: float) -> Floats:
    """Return a rough profile: midpoint displacement, values about -1 to 1.

    `roughness` is the share of its height that each halving keeps; 0.3 rolls, 0.55 is rocky.
    """
    line = rng.uniform(-1, 1, 3)
    height = 1.0
    while len(line) < points:
        height *= roughness
        middles = (line[:-1] + line[1:]) / 2 + rng.uniform(-height, height, len(line) - 1)
        longer = np.empty(len(line) + len(middles))
        longer[0::2], longer[1::2] = line, middles
        line = longer
    return line[:points]


class Canvas:
    """A square picture being painted from far to near."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size = size
        self.rng = rng
        self.light = LIGHTS[str(rng.choice(list(LIGHTS)))]
        self.light_gain = rng.uniform(0.85, 1.12)
        self.image = Image.new("RGB", (size, size))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def color(self, color: Color, distance: float = 0.0, opacity: float = 1.0) -> tuple:
        """Return a color in the scene's light and, from 0 (near) to 1 (far), its haze."""
        lit = np.asarray(color, float) * self.light.tint * self.light_gain
        seen = mix(lit, self.light.sky_low, min(1.0, self.light.haze * distance))
        return (*np.clip(np.rint(seen), 0, 255).astype(int).tolist(), round(255 * opacity))

    def varied(self, color: Color, amount: float) -> Floats:
        """Return a color with its brightness and hue changed by chance."""
        brightness = self.rng.normal(1, amount)
        return np.asarray(color, float) * brightness * self.rng.normal(1, amount / 3, 3)

    def _pixels(self, points: Iterable[Point]) -> list[Point]:
        return [(x * self.size, y * self.size) for x, y in points]

    def polygon(
        self, points: Iterable[Point], color: Color, distance: float = 0.0, opacity: float = 1.0
    ) -> None:
        """Fill a polygon."""
        self.draw.polygon(self._pixels(points), self.color(color, distance, opacity))

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        color: Color,
        distance: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Fill an upright rectangle."""
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.polygon(corners, color, distance, opacity)

    def blob(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        color: Color,
        distance: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Fill an ellipse around (x, y)."""
        box = self._pixels([(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)])
        self.draw.ellipse([*box[0], *box[1]], self.color(color, distance, opacity))

    def line(
        self,
        points: Iterable[Point],
        width: float,
        color: Color,
        distance: float = 0.0,
        opacity: float = 1.0,
    ) -> None:
        """Draw a line `width` wide, as a share of the picture."""
        pixels = max(1, round(width * self.size))
        self.draw.line(self._pixels(points), self.color(color, distance, opacity), pixels)

    def paint(self, values: Floats) -> None:
        """Replace the whole picture by an array of shape (size, size, 3)."""
        self.image = Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def values(self) -> Floats:
        """Return the picture as floats, (size, size, 3)."""
        return np.asarray(self.image).astype(float)

    def sky(self, horizon: float) -> None:
        """Paint the whole picture as sky, brightest at the horizon, perhaps with clouds."""
        light, rng = self.light, self.rng
        height = np.linspace(0, 1, self.size)[:, np.newaxis] / max(horizon, 0.15)
        share = np.clip(height, 0, 1)[..., np.newaxis] ** rng.uniform(0.8, 1.6)
        sky = np.asarray(light.sky_top) * (1 - share) + np.asarray(light.sky_low) * share
        sky = np.broadcast_to(sky, (self.size, self.size, 3)).copy()
        noise = fractal_noise(rng, self.size, rng.uniform(1.5, 4), rng.uniform(3, 8))
        cover = np.clip((noise + rng.uniform(-1.2, 0.8)) * 0.7, 0, 1) * light.clouds
        white = mix(light.sky_low, (255, 250, 245), 0.6) * rng.uniform(0.75, 1.03)
        sky += (white - sky) * (cover * rng.uniform(0.4, 1))[..., np.newaxis]
        self.paint(sky)
        if light is LIGHTS["sunset"] and rng.random() < 0.5:
            width = rng.uniform(0.05, 0.1)
            at = rng.uniform(0.1, 0.9), horizon - rng.uniform(0.02, 0.2)
            for scale, opacity in ((2.6, 0.2), (1.7, 0.3), (1.0, 1.0)):
                self.blob(*at, width * scale, width * scale, (300, 320, 380), 0, opacity)

    def plane(self, horizon: float, color: Color, roughness: float, lumps: Point) -> None:
        """Paint level ground (or water) below a horizon, with texture in perspective.

        `lumps` is how fine the texture is from side to side and away from the viewer.
        """
        size, rng = self.size, self.rng
        texture = fractal_noise(rng, 256, *lumps, octaves=5)
        start = min(size - 1, max(0, round(horizon * size)))
        rows = np.arange(start, size)
        depth = 1 / (0.06 + (rows - horizon * size) / size)
        u = (np.arange(size) / size - 0.5)[np.newaxis] * depth[:, np.newaxis] * 90
        v = np.broadcast_to(depth[:, np.newaxis] * 110 + rng.uniform(0, 256), u.shape)
        pattern = texture[v.astype(int) % 256, (u + rng.uniform(0, 256)).astype(int) % 256]
        distance = np.clip((depth - 1) / 16, 0, 1)[:, np.newaxis, np.newaxis]
        lit = np.asarray(color) * self.light.tint * self.light_gain
        ground = lit * (1 + roughness * pattern[..., np.newaxis] * (1 - 0.7 * distance))
        ground += (np.asarray(self.light.sky_low) - ground) * self.light.haze * distance
        values = self.values()
        values[start:] = ground
        self.paint(values)

    def grain(self, top: float, bottom: float, amount: float, lumps: Point) -> None:
        """Roughen a band of what is painted, in brightness."""
        rows = slice(max(0, round(top * self.size)), max(0, round(bottom * self.size)))
        noise = fractal_noise(self.rng, self.size, *lumps)[rows, :, np.newaxis]
        values = self.values()
        values[rows] *= 1 + amount * noise
        self.paint(values)

    def ridge(
        self, base: float, height: float, roughness: float, color: Color, distance: float
    ) -> Floats:
        """Paint a skyline of land filled down to the bottom; return its heights (y)."""
        profile = rough_line(self.rng, 129, roughness)
        tops = base - height * (profile - profile.min()) / (np.ptp(profile) + 1e-9)
        across = np.linspace(0, 1, len(tops))
        outline = [*zip(across.tolist(), tops.tolist(), strict=True), (1, 1.05), (0, 1.05)]
        self.polygon(outline, color, distance)
        return tops

    def tree(
        self, x: float, foot: float, height: float, color: Color, distance: float, conifer: bool
    ) -> None:
        """Paint a tree standing at (x, foot)."""
        rng = self.rng
        trunk = np.array((70, 55, 42))
        self.box(x - height * 0.03, foot - height * 0.5, x + height * 0.03, foot, trunk, distance)
        if conifer:
            for level in np.linspace(0.12, 0.85, 6):
                half = height * 0.24 * (1 - level) + height * 0.03
                top, low = foot - height * min(1, level + 0.3), foot - height * level
                shape = [(x, top), (x + half, low), (x - half, low)]
                self.polygon(shape, self.varied(color, 0.12), distance)
            return
        for _ in range(9):
            across, up = rng.normal(0, 0.14), rng.uniform(0.42, 0.88)
            width = height * rng.uniform(0.25, 0.42)
            shade = self.varied(np.asarray(color) * (0.75 + 0.4 * up), 0.1)
            at = x + height * across, foot - height * up
            self.blob(*at, width, width * rng.uniform(0.6, 0.9), shade, distance)

    def car(self, x: float, foot: float, width: float, distance: float) -> None:
        """Paint a car seen from behind or in front, its wheels at `foot`."""
        paint = self.varied(
            self.rng.choice(
                [
                    (150, 40, 38),
                    (60, 75, 120),
                    (210, 210, 212),
                    (40, 42, 46),
                    (120, 122, 126),
                    (190, 170, 60),
                ]
            ),
            0.1,
        )
        height = width * 0.72
        left, right = x - width / 2, x + width / 2
        self.blob(x, foot, width * 1.1, width * 0.14, (25, 25, 28), distance, 0.6)
        self.box(left, foot - height * 0.6, right, foot - height * 0.1, paint, distance)
        roof = [
            (left + width * 0.1, foot - height * 0.55),
            (left + width * 0.22, foot - height),
            (right - width * 0.22, foot - height),
            (right - width * 0.1, foot - height * 0.55),
        ]
        self.polygon(roof, paint * 0.8, distance)
        glass = [
            (left + width * 0.18, foot - height * 0.58),
            (left + width * 0.27, foot - height * 0.92),
            (right - width * 0.27, foot - height * 0.92),
            (right - width * 0.18, foot - height * 0.58),
        ]
        self.polygon(glass, (60, 70, 82), distance)
        for side in (left + width * 0.08, right - width * 0.22):
            self.box(side, foot - height * 0.16, side + width * 0.14, foot, (22, 22, 24), distance)

    def person(self, x: float, foot: float, height: float) -> None:
        """Paint somebody standing at (x, foot)."""
        coat = self.varied(
            self.rng.choice([(140, 50, 45), (50, 60, 95), (60, 60, 62), (180, 170, 150)]), 0.15
        )
        self.box(x - height * 0.1, foot - height * 0.45, x + height * 0.1, foot, coat * 0.5)
        self.box(
            x - height * 0.14, foot - height * 0.85, x + height * 0.14, foot - height * 0.42, coat
        )
        self.blob(x, foot - height * 0.92, height * 0.16, height * 0.17, (190, 150, 125))

    def wall(
        self,
        corners: Sequence[Point],
        floors: int,
        columns: int,
        color: Color,
        distance: float = 0.0,
        foreshortening: float = 1.0,
    ) -> None:
        """Paint a house wall with rows of windows.

        `corners` run top left, top right, bottom right, bottom left; `foreshortening` is how much
        narrower the last column of windows is than the first.
        """
        rng = self.rng
        self.polygon(corners, color, distance)
        steps = foreshortening ** -np.linspace(0, 1, columns + 1)
        edges = np.cumsum(steps) - steps[0]
        edges = edges / edges[-1]
        glass = self._glass()
        tall, wide = rng.uniform(0.4, 0.75), rng.uniform(0.4, 0.8)
        lit_share = 0.35 if self.light is LIGHTS["dusk"] else rng.uniform(0, 0.06)
        frame = rng.random() < 0.4
        for floor in range(floors):
            top, bottom = (floor + (1 - tall) / 2) / floors, (floor + (1 + tall) / 2) / floors
            for column in range(columns):
                width = edges[column + 1] - edges[column]
                left = edges[column] + width * (1 - wide) / 2
                right = left + width * wide
                window = [
                    within(corners, across, down)
                    for across, down in ((left, top), (right, top), (right, bottom), (left, bottom))
                ]
                if frame:
                    outline = [*window, window[0]]
                    self.line(outline, 0.008, np.asarray(color) * 1.25, distance)
                shade = (430, 350, 190) if rng.random() < lit_share else self.varied(glass, 0.18)
                self.polygon(window, shade, distance)

    def _glass(self) -> Floats:
        dark = np.array((52.0, 60.0, 72.0))
        return mix(dark, self.light.sky_low, self.rng.uniform(0, 0.55))


def within(corners: Sequence[Point], across: float, down: float) -> Point:
    """Return the point at shares `across` and `down` (0 to 1) of a four-sided shape."""
    upper_left, upper_right, lower_right, lower_left = (np.asarray(corner) for corner in corners)
    upper = upper_left * (1 - across) + upper_right * across
    lower = lower_left * (1 - across) + lower_right * across
    x, y = upper * (1 - down) + lower * down
    return float(x), float(y)
