"""As much of PNG as a thumbnail of an 8-bit RGB image without filters needs."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(pixels):
    """Rows of (red, green, blue) to a PNG."""
    header = struct.pack("!IIBBBBB", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def decode(data):
    """A PNG to rows of (red, green, blue); raises ValueError for any other kind."""
    if not data.startswith(SIGNATURE):
        raise ValueError("not a PNG")
    chunks = dict(_chunks(data[len(SIGNATURE) :]))
    width, height, depth, color, _, _, interlaced = struct.unpack("!IIBBBBB", chunks[b"IHDR"])
    if (depth, color, interlaced) != (8, 2, 0):
        raise ValueError("only 8-bit RGB without interlacing")
    rows = zlib.decompress(chunks[b"IDAT"])
    stride = 3 * width + 1
    return [_row(rows[at : at + stride]) for at in range(0, height * stride, stride)]


def _row(data):
    if data[0] != 0:
        raise ValueError("only unfiltered rows")
    return [tuple(data[at : at + 3]) for at in range(1, len(data), 3)]


def _chunks(data):
    while data:
        (size,) = struct.unpack("!I", data[:4])
        yield data[4:8], data[8 : 8 + size]
        data = data[12 + size :]


def _chunk(kind, data):
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))
