import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from xai.photo import PhotoError, as_photo, load_photo

QUARTERS = np.zeros((40, 60, 3), np.uint8)  # red, green / blue, white
QUARTERS[:20, :30], QUARTERS[:20, 30:], QUARTERS[20:, :30], QUARTERS[20:, 30:] = (
    (250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 250),
)  # fmt: skip


def corner_colours(photo):
    w, h = photo.size
    return [
        photo.getpixel(at)
        for at in ((w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4), (3 * w // 4, 3 * h // 4))
    ]


def near(found, expected, tolerance=14):
    return np.abs(np.array(found, int) - np.array(expected, int)).max() <= tolerance


UPRIGHT = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 250)]


def save(tmp_path, name, image, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tiff", "a.gif", "a.webp", "a.jpg", "a.avif", "a.heic"])
def test_formats(tmp_path, name):
    path = save(tmp_path, name, Image.fromarray(QUARTERS), **({"lossless": True} if name == "a.webp" else {}))
    photo = load_photo(path)
    assert photo.mode == "RGB"
    assert near(corner_colours(photo), UPRIGHT)


def test_content_counts_not_the_name(tmp_path):
    path = save(tmp_path, "photo.txt", Image.fromarray(QUARTERS), format="PNG")
    assert near(corner_colours(load_photo(path)), UPRIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path, orientation):
    """The stored pixels are turned so that the tag turns them back."""
    undo = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}  # values of Image.Transpose
    image = Image.fromarray(QUARTERS)
    for method in undo.get(orientation, []):
        image = image.transpose(Image.Transpose(method))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = load_photo(save(tmp_path, "turned.jpg", image, exif=exif, quality=95))
    assert photo.size == (60, 40)
    assert near(corner_colours(photo), UPRIGHT)
    assert not photo.getexif()
    assert not photo.info


def test_cmyk(tmp_path):
    path = save(tmp_path, "cmyk.jpg", Image.fromarray(QUARTERS).convert("CMYK"), quality=95)
    assert near(corner_colours(load_photo(path)), UPRIGHT, 30)


def test_16_bit_grey_is_scaled_not_clipped(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    photo = np.asarray(load_photo(save(tmp_path, "deep.png", Image.fromarray(ramp))))
    np.testing.assert_allclose(photo[0, :, 0], np.linspace(0, 255, 64), atol=1.5)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_lies_over_white(tmp_path, mode):
    image = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    if mode == "P":
        image = Image.new("P", (32, 32), 0)
        image.putpalette([200, 0, 0])
        path = save(tmp_path, "clear.png", image, transparency=0)
    else:
        path = save(tmp_path, "clear.png", image.convert(mode))
    assert load_photo(path).getpixel((16, 16)) == (255, 255, 255)


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png", "pages.tiff"])
def test_first_frame(tmp_path, name):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    path = save(tmp_path, name, frames[0], save_all=True, append_images=frames[1:])
    photo = load_photo(path)
    assert photo.mode == "RGB"
    assert near([photo.getpixel((16, 16))], [(255, 0, 0)])


def test_16_bit_grey_is_rotated_too(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.fromarray(np.zeros((40, 60), np.uint16))
    assert load_photo(save(tmp_path, "turned.png", image, exif=exif)).size == (40, 60)


@pytest.mark.parametrize("white", [1, 255])
def test_float_grey_is_not_black(tmp_path, white):
    ramp = np.tile(np.linspace(0, white, 64).astype(np.float32), (64, 1))
    photo = np.asarray(load_photo(save(tmp_path, "float.tiff", Image.fromarray(ramp))))
    np.testing.assert_allclose(photo[0, :, 0], np.linspace(0, 255, 64), atol=1.5)


def test_photos_keep_their_size_unless_asked(tmp_path):
    path = save(tmp_path, "large.jpg", Image.new("RGB", (5000, 4000), "teal"))
    assert load_photo(path).size == as_photo(path).size == as_photo(np.asarray(Image.open(path))).size == (5000, 4000)
    assert load_photo(path, 1024).size == (1024, 819)


def bomb(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def noise(kind, **options):
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)).save(stream, kind, **options)
    return stream.getvalue()


def flipped(kind, at):
    """A photo with one byte of its header inverted, at which its decoder raises what no other does."""
    data = bytearray(noise(kind))
    data[at] ^= 255
    return bytes(data)


def swollen():
    """A PNG with a comment of 3 MB, more than Pillow reads."""
    comment = PngImagePlugin.PngInfo()
    comment.add_text("comment", "a" * 3_000_000, zip=True)
    return noise("PNG", pnginfo=comment)


BAD = {
    "empty.jpg": (b"", "empty, damaged or not a photo"),
    "truncated.jpg": (noise("JPEG")[:3000], "empty, damaged or not a photo"),
    "text.jpg": (b"a bottle", "empty, damaged or not a photo"),
    "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "empty, damaged or not a photo"),
    "page.pdf": (b"%PDF-1.7\n%%EOF", "empty, damaged or not a photo"),
    "script.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "empty, damaged or not a photo"),
    "flipped.heic": (flipped("HEIF", 85), "empty, damaged or not a photo"),
    "flipped.avif": (flipped("AVIF", 81), "empty, damaged or not a photo"),
    "swollen.png": (swollen(), "empty, damaged or not a photo"),
    "dot.png": (None, "1×1 pixels, and 16 a side"),
    "line.png": (bomb(60000, 2), "60000×2 pixels, and 16 a side"),
    "strip.png": (bomb(40000, 20), "40000×20 pixels, too long and thin"),
    "bomb.png": (bomb(20000, 20000), "empty, damaged|more than 64 megapixels"),
    "bomb100.png": (bomb(10000, 10000), "10000×10000 pixels, more than 64 megapixels"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_files_get_one_sentence(tmp_path, name):
    data, sentence = BAD[name]
    path = tmp_path / name
    if data is None:
        Image.new("RGB", (1, 1)).save(path)
    else:
        path.write_bytes(data)
    with pytest.raises(PhotoError, match=sentence) as caught:
        load_photo(path)
    assert str(caught.value).startswith("This photo cannot be used: ")
    assert str(caught.value).count("\n") == 0


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(PhotoError, match="no file"):
        load_photo(tmp_path / "none.jpg")
    with pytest.raises(PhotoError, match="folder"):
        load_photo(tmp_path)


def test_arrays():
    assert as_photo(QUARTERS).size == (60, 40)
    assert as_photo(QUARTERS[..., 0]).mode == "RGB"
    for bad in (QUARTERS.astype(np.float32), QUARTERS[..., :2], QUARTERS[0, 0]):
        with pytest.raises(PhotoError, match="uint8"):
            as_photo(bad)


def test_an_image_opened_from_a_damaged_file(tmp_path):
    (tmp_path / "truncated.jpg").write_bytes(noise("JPEG")[:3000])
    with pytest.raises(PhotoError, match="damaged"):
        as_photo(Image.open(tmp_path / "truncated.jpg"))


def test_a_given_image_is_not_changed():
    image = Image.fromarray(QUARTERS)
    image.info["comment"] = "mine"
    as_photo(image)
    assert image.info == {"comment": "mine"}
