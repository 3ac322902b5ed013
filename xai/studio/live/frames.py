"""A frame of a visitor's camera: checked, read, and answered with a label and a map from one forward pass."""

from base64 import b64decode
from io import BytesIO
from typing import Any

from PIL import Image

from xai.batch import Batch
from xai.explaining import explain_batch
from xai.familiar import is_familiar
from xai.methods.reading import plan_reading
from xai.modes import without_gradients
from xai.photo import PhotoError, load_photo
from xai.steps import finish
from xai.studio.answers import get_model
from xai.studio.gpu import GPU
from xai.studio.sending import encode_map
from xai.zoo import GARBAGE

START = "data:image/jpeg;base64,"
MAX_PIXELS = 2_100_000  # 1920 × 1080
MAX_TEXT = 200_000  # characters; a frame as the page sends it has some 20,000
NAMED = 3  # classes whose confidences are shown


def read_frame(text: object, max_text: int = MAX_TEXT) -> Image.Image:
    """A JPEG as a data: address, as browsers write pictures.

    Raises:
        PhotoError: it is none, or too large; a ValueError.
    """
    if not isinstance(text, str) or len(text) > max_text or not text.startswith(START):
        raise PhotoError("unreadable")
    try:
        data = b64decode(text.removeprefix(START), validate=True)
    except ValueError as error:
        raise PhotoError("unreadable") from error
    return load_photo(BytesIO(data), formats=["JPEG"], max_pixels=MAX_PIXELS)


@GPU(duration=5)
@without_gradients
def look_at_frame(photo: Image.Image, network: str) -> dict[str, Any]:
    """What a network says of a frame, and its Grad-CAM, as `studio.live` in the browser takes it.

    All garbage networks have Grad-CAM from the forward pass that answers; the small CNN needs gradients of its head
    besides, which take it 2 ms. Whether a ZeroGPU Space lends its GPU to a server function was never tried.
    """
    model = get_model(network)
    (e,) = finish(explain_batch(Batch(model, [photo]), plan_reading(model, "gradcam"), [None]))
    best = e.confidences.argsort()[::-1][:NAMED]
    return {
        "label": e.label,
        "confidence": e.confidence,
        "confidences": [[model.classes[k], float(e.confidences[k])] for k in best],
        "map": None if e.blank else encode_map(e.raw, photo),
        "size": photo.size,
        "familiar": is_familiar(photo, network),  # 12 ms, but a camera sees much that is no waste
    }


def answer_frame(asked: object) -> dict[str, Any]:
    """The answer to a request from the page, `{jpeg, network}`, or `{trouble}` where it is no such request."""
    if not isinstance(asked, dict) or asked.get("network") not in GARBAGE:
        return {"trouble": "network"}
    try:
        photo = read_frame(asked.get("jpeg"))
    except PhotoError as error:
        return {"trouble": error.reason}
    return look_at_frame(photo, asked["network"])
