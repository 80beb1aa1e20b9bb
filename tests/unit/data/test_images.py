"""Reading and checking image files of every kind."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from scenery.data.images import (
    ImageFacts,
    examine_image,
    extreme_resize,
    read_image,
    resize_image,
    to_gray,
    try_decode_image,
    try_read_image,
)
from scenery.errors import UserError
from scenery.image_size import ImageSize

RNG = np.random.default_rng(3)
COLORS = RNG.integers(0, 256, (12, 20, 3), np.uint8)
GRAY = RNG.integers(0, 256, (12, 20), np.uint8)


def inspect_image(path: Path, max_pixels: int = 50_000_000) -> ImageFacts:
    return examine_image(path, max_pixels)[0]


def saved(folder: Path, picture: Image.Image, name: str, **options: object) -> Path:
    path = folder / name
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif", "a.webp"])
def test_colors_are_read_as_they_were_written(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    pixels = read_image(saved(tmp_path, Image.fromarray(COLORS), name, **options))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, COLORS)


def test_jpeg_is_close_to_what_was_written(tmp_path: Path) -> None:
    corners = Image.fromarray(COLORS[:2, :2])
    smooth = np.asarray(corners.resize((64, 64), Image.Resampling.BICUBIC))
    pixels = read_image(saved(tmp_path, Image.fromarray(smooth), "a.jpg", quality=95))
    assert np.abs(pixels.astype(int) - smooth).mean() < 4


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.gif", "a.bmp"])
def test_gray_becomes_three_equal_channels(tmp_path: Path, name: str) -> None:
    pixels = read_image(saved(tmp_path, Image.fromarray(GRAY), name))
    np.testing.assert_array_equal(pixels, np.stack([GRAY] * 3, axis=-1))


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 257, 65535], [128, 129, 32768]], np.uint16)
    path = saved(tmp_path, Image.fromarray(values), name)
    assert inspect_image(path).mode.startswith("I;16")
    np.testing.assert_array_equal(read_image(path)[..., 0], [[0, 1, 255], [0, 1, 128]])


def test_read_image_white_level_is_white_and_what_is_above_too(tmp_path: Path) -> None:
    values = np.array([[0, 2048, 4095, 5000]], np.uint16)
    path = saved(tmp_path, Image.fromarray(values), "a.png")
    assert read_image(path, white_level=4095)[0, :, 0].tolist() == [0, 128, 255, 255]


def test_sixteen_bits_where_zero_is_white_are_inverted(tmp_path: Path) -> None:
    values = np.array([[0, 65535]], np.uint16)
    path = saved(tmp_path, Image.fromarray(values), "a.tif")
    # Entry of the tag PhotometricInterpretation: one short value, 1 as Pillow writes it.
    entry = struct.pack("<HHIH", 262, 3, 1, 1)
    content = path.read_bytes()
    assert content.count(entry) == 1
    path.write_bytes(content.replace(entry, struct.pack("<HHIH", 262, 3, 1, 0)))
    np.testing.assert_array_equal(read_image(path)[..., 0], [[255, 0]])


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    picture = Image.fromarray(GRAY).convert("1")
    expected = np.asarray(picture.convert("L"))
    np.testing.assert_array_equal(read_image(saved(tmp_path, picture, "a.png"))[..., 2], expected)
    assert set(np.unique(expected)) == {0, 255}


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    alpha = np.zeros((1, 3, 4), np.uint8)
    alpha[0, :, 0] = 200
    alpha[0, :, 3] = (0, 255, 51)
    expected = [[[255, 255, 255], [200, 0, 0], [244, 204, 204]]]
    np.testing.assert_array_equal(
        read_image(saved(tmp_path, Image.fromarray(alpha), "a.png")), expected
    )
    gray_alpha = Image.merge("LA", [Image.new("L", (2, 1), 100), Image.new("L", (2, 1), 0)])
    assert (read_image(saved(tmp_path, gray_alpha, "b.png")) == 255).all()


def test_transparent_palette_entry_is_white(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putdata([0, 1])
    for name in ("a.png", "a.gif"):
        path = saved(tmp_path, picture, name, transparency=0)
        np.testing.assert_array_equal(read_image(path), [[[255, 255, 255], [40, 50, 60]]])


def test_transparent_gray_value_is_white(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.array([[7, 8]], np.uint8)), "a.png", transparency=7)
    np.testing.assert_array_equal(read_image(path)[..., 0], [[255, 8]])


def test_cmyk_is_converted(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert np.abs(read_image(saved(tmp_path, red, "a.tif")) - np.array([255, 0, 0])).max() == 0
    jpeg = read_image(saved(tmp_path, red, "a.jpg", quality=95)).astype(int)
    assert np.abs(jpeg - np.array([255, 0, 0])).max() < 6


@pytest.mark.parametrize(
    ("values", "expected"), [([0, 0.5, 1], [0, 128, 255]), ([0, 2.4, 255], [0, 2, 255])]
)
def test_floats_are_scaled_by_their_range(tmp_path: Path, values: list, expected: list) -> None:
    path = saved(tmp_path, Image.fromarray(np.array([values], np.float32)), "a.tif")
    np.testing.assert_array_equal(read_image(path)[0, :, 0], expected)


@pytest.mark.parametrize("values", [[-1.0, 0.0], [0.0, 256.0], [np.nan, 0.0]])
def test_floats_of_unknown_range_are_a_problem(tmp_path: Path, values: list) -> None:
    path = saved(tmp_path, Image.fromarray(np.array([values], np.float32)), "a.tif")
    assert "floats outside [0, 255]" in inspect_image(path).problem


def test_32_bit_integers_must_fit_16_bits(tmp_path: Path) -> None:
    good = saved(tmp_path, Image.fromarray(np.array([[0, 65535]], np.int32)), "a.tif")
    np.testing.assert_array_equal(read_image(good)[0, :, 0], [0, 255])
    bad = saved(tmp_path, Image.fromarray(np.array([[0, 70000]], np.int32)), "b.tif")
    assert "70000" in inspect_image(bad).problem


def test_lab_is_converted(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("LAB", (4, 4), (128, 128, 128)), "a.tif")
    np.testing.assert_array_equal(read_image(path)[0, 0], [119, 119, 119])


def test_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    for name in ("a.gif", "a.tif", "a.png", "a.webp"):
        options = {"lossless": True} if name.endswith("webp") else {}
        path = saved(tmp_path, frames[0], name, save_all=True, append_images=frames[1:], **options)
        assert (read_image(path) == (255, 0, 0)).all(), name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(COLORS)
    path = saved(tmp_path, picture, "a.png", exif=exif)
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    upright = picture
    if orientation in turns:
        upright = picture.transpose(
            [
                Image.Transpose.FLIP_LEFT_RIGHT,
                Image.Transpose.FLIP_TOP_BOTTOM,
                Image.Transpose.ROTATE_90,
                Image.Transpose.ROTATE_180,
                Image.Transpose.ROTATE_270,
                Image.Transpose.TRANSPOSE,
                Image.Transpose.TRANSVERSE,
            ][turns[orientation]]
        )
    np.testing.assert_array_equal(read_image(path), np.asarray(upright))
    facts = inspect_image(path)
    assert (facts.width, facts.height) == upright.size


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(COLORS), "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_array_equal(read_image(path), COLORS)


def test_facts(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(COLORS), "a.png")
    facts = inspect_image(path)
    assert facts[:5] == (20, 12, "RGB", "PNG", path.stat().st_size)
    assert len(facts.digest) == 64
    assert facts.problem == ""


def test_format_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(COLORS), "a.jpg", format="PNG")
    assert inspect_image(path).format == "PNG"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty file"),
        (b"\n<!DOCTYPE html><html>not found</html>", "not an image: it looks like a web page"),
        (b"%PDF-1.7", "not an image: it is a PDF"),
        (b"version https://git-lfs.github.com/spec/v1", "not an image: it is a Git LFS pointer"),
        (b"\0\0\0\x18ftypheic\0\0", "unsupported format (heic)"),
        (b"hello world", "not an image, or in an unsupported format"),
        (b"\xff\xd8\xff\xe0", "truncated or damaged"),
    ],
)
def test_what_is_not_an_image(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    facts = inspect_image(path)
    assert facts.problem.startswith(problem)
    assert facts.bytes == len(content)
    with pytest.raises(UserError, match=r"a\.jpg: "):
        read_image(path)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.bmp", "a.tif", "a.gif", "a.webp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_files_are_noticed(tmp_path: Path, name: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), name)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert inspect_image(path).problem.startswith("truncated or damaged")


def test_missing_file(tmp_path: Path) -> None:
    assert inspect_image(tmp_path / "no.png").problem.startswith("cannot be read")
    with pytest.raises(UserError, match=r"no\.png: cannot be read"):
        read_image(tmp_path / "no.png")


def png_header(width: int, height: int) -> bytes:
    """A PNG of the given size without any pixels in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8000, 60_000])
def test_size_is_judged_before_decoding(tmp_path: Path, side: int) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_header(side, side))
    assert inspect_image(path, 50_000_000).problem.startswith("too ")


def test_largest_pixels_is_inclusive_and_a_side_may_be_long(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (30_000, 10)), "a.png")
    assert inspect_image(path, 300_000).problem == ""
    problem = inspect_image(path, 299_999).problem
    assert "30000 x 10 = 300,000 pixels, 299,999 are allowed" in problem


def test_resizing_keeps_what_it_says() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert (resize_image(wide, 10, "crop") == 255).all()
    padded = resize_image(np.full_like(wide, 255), 30, "pad")
    assert (padded[10:20] == 255).all()
    assert (padded[:10] == 0).all()
    assert (padded[20:] == 0).all()
    stretched = resize_image(wide, 30, "stretch")
    assert (stretched[:, 15] == 255).all()
    assert (stretched[:, 2] == 0).all()
    with pytest.raises(ValueError, match="stretch, crop or pad"):
        resize_image(wide, 10, "squash")  # type: ignore[arg-type]


def test_resizing_to_a_size_that_is_not_square_keeps_what_it_says() -> None:
    # Thirds of 0, 255 and 0, from left to right.
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    # The middle has the aspect ratio of a height of 20 and a width of 10: 5 columns of 10 rows.
    assert (resize_image(wide, (20, 10), "crop") == 255).all()
    padded = resize_image(np.full_like(wide, 255), (20, 30), "pad")
    assert padded.shape == (20, 30, 3)
    assert (padded[5:15] == 255).all()
    assert not padded[:5].any() and not padded[15:].any()
    stretched = resize_image(wide, (20, 60), "stretch")
    assert stretched.shape == (20, 60, 3)
    assert (stretched[:, 30] == 255).all() and not stretched[:, :15].any()
    assert resize_image(wide, (10, 30), "crop") is wide


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(resize_image(stripes, 8, "stretch").astype(int) - 128).max() < 10


@pytest.mark.parametrize("how", ["stretch", "crop", "pad"])
@pytest.mark.parametrize(("width", "height"), [(9000, 20), (3, 700), (1, 64), (65, 1), (1, 1)])
def test_resize_image_elongated_keeps_some_picture(how: str, width: int, height: int) -> None:
    pixels = np.full((height, width, 3), 200, np.uint8)
    for size in (8, 33):
        resized = resize_image(pixels, size, how)  # type: ignore[arg-type]
        assert (resized == 200).any(axis=(1, 2)).sum() >= 1
        assert (resized == 200).any(axis=(0, 2)).sum() >= 1


@pytest.mark.parametrize(
    ("width", "height", "size", "how", "note"),
    [
        (400, 100, 32, "stretch", ""),
        (401, 100, 32, "stretch", "squeezed 4.01 times in one direction"),
        (100, 1000, 32, "crop", "cropped to 10.00% of its area"),
        (1000, 10, 32, "pad", "shown on 1.00% of the square, the rest is black"),
        (28, 28, 224, "stretch", ""),
        (27, 28, 224, "stretch", "enlarged 8.3 times"),
        (28, 10, 224, "pad", ""),
        (1, 1, 32, "crop", "enlarged 32 times"),
        # What counts is how the aspect ratios differ.
        (401, 100, (32, 64), "stretch", ""),
        (100, 201, (32, 64), "stretch", "squeezed 4.02 times in one direction"),
        (1000, 100, (10, 20), "pad", "shown on 20.00% of the picture, the rest is black"),
        (10, 10, (64, 90), "crop", "enlarged 9 times"),
        (10, 10, (64, 90), "pad", ""),
    ],
)
def test_extreme_resize_at_its_lines_says_what_is_lost(
    width: int, height: int, size: ImageSize, how: str, note: str
) -> None:
    assert extreme_resize(width, height, size, how) == note  # type: ignore[arg-type]


def png_info(*texts: bytes) -> dict[str, object]:
    info = PngImagePlugin.PngInfo()
    for text in texts:
        info.add(b"tEXt", b"Comment\0" + text)
    return {"pnginfo": info}


def large_text() -> dict[str, object]:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 1_500_000, zip=True)
    info.add_itxt("Title", "y" * 1_500_000, zip=True)
    return {"pnginfo": info}


@pytest.mark.parametrize(
    "options",
    [
        large_text(),
        {"icc_profile": bytes(range(256)) * 6000},
        {"icc_profile": b"no profile"},
        png_info(*[b"x" * 990_000] * 70),
    ],
    ids=["large text", "large profile", "no profile", "many texts"],
)
def test_read_image_large_metadata_is_left_out(tmp_path: Path, options: dict) -> None:
    path = saved(tmp_path, Image.fromarray(COLORS), "a.png", **options)
    np.testing.assert_array_equal(read_image(path), COLORS)
    assert examine_image(path)[0][:4] == (20, 12, "RGB", "PNG")


def test_read_image_damaged_text_is_left_out(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(COLORS), "a.png", **png_info(b"written so"))
    damaged = path.read_bytes().replace(b"tEXtComment\0written", b"tEXtComment\0Written")
    path.write_bytes(damaged)
    np.testing.assert_array_equal(read_image(path), COLORS)


def test_gray_image_has_its_luma_in_three_channels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    found = to_gray(pixels)
    assert found.shape == pixels.shape
    np.testing.assert_allclose(found[..., 0], pixels @ (0.299, 0.587, 0.114), atol=1)
    assert (found == found[..., :1]).all()


def test_interpolation_is_that_of_pillow() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    nearest = resize_image(pixels, 3, "stretch", "nearest")
    np.testing.assert_array_equal(nearest, pixels[1::3, 1::3])
    for how in ("stretch", "crop", "pad"):
        smooth = resize_image(pixels, 3, how, "box")  # type: ignore[arg-type]
        np.testing.assert_allclose(smooth[0, 0], pixels[:3, :3].mean(axis=(0, 1)), atol=1)


def test_content_is_decoded_as_its_file_is(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    file = tmp_path / "a.png"
    Image.fromarray(random.integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(file)
    good = file.read_bytes()
    # A text chunk whose checksum is wrong, which only the second try leaves out.
    text = b"\x00\x00\x00\x03zTXta\x00\x00\x00\x00\x00\x00"
    cases = [good, good[:33] + text + good[33:], good[:200], b"", b"text", b"<svg>", b"%PDF-1.4"]
    for content in cases:
        file.write_bytes(content)
        expected, problem = try_read_image(file)
        found = try_decode_image(content)
        assert found[1] == problem
        assert (found[0] is None) is (expected is None)
        assert np.array_equal(found[0], expected) or expected is None
    assert try_decode_image(good, max_pixels=599)[1].startswith("too large: 30 x 20")


@pytest.mark.parametrize("how", ["stretch", "crop", "pad"])
def test_resize_to_the_same_size_changes_nothing(how: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    assert np.array_equal(resize_image(pixels, 9, how, "lanczos"), pixels)  # type: ignore[arg-type]
