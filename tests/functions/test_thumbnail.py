import base64
import json
from pathlib import Path

EVENT = Path(__file__).parents[2] / "functions" / "thumbnail" / "events" / "four-pixels.json"
PNG = b"\x89PNG\r\n\x1a\n"


def test_a_picture_of_four_pixels_becomes_one_of_two(function_client):
    picture = base64.b64decode(json.loads(EVENT.read_text())["body"])
    client = function_client("thumbnail")
    response = client.post(
        "/thumbnail", data=picture, headers={"Content-Type": "image/png", "Accept": "image/png"}
    )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/png"
    assert response.data[:8] == PNG
    assert response.data[16:24] == b"\0\0\0\2\0\0\0\2"  # width and height


def test_text_is_refused(function_client):
    assert function_client("thumbnail").post("/thumbnail", data="hello").status_code == 415


def test_what_is_no_picture_is_unprocessable(function_client):
    response = function_client("thumbnail").post("/thumbnail", data=b"x", content_type="image/png")
    assert response.status_code == 422
    assert response.get_json() == {"error": "not a PNG"}
