"""A classifier behind an HTTP endpoint as a black box.

The protocol, in JSON, for an endpoint at one address:

    GET  → {"classes": ["cat", "dog"], "input_size": 224}
    POST {"images": ["<a PNG of 224×224 in base64>", …]} → {"confidences": [[0.9, 0.1], …]}

with a row for every image, in their order, and a confidence for every class, in [0, 1] and 1 in sum.
"""

import base64
import io
import json
import time
import weakref
from collections.abc import Mapping

from PIL import Image

from xai.blackbox.blackbox import BlackBox, BlackBoxError
from xai.blackbox.function import from_function
from xai.photo import MAX_PIXELS, MIN_SIDE

MAX_BYTES = 32_000_000  # of an answer: 64 rows of ImageNet's 21,843 classes


def from_endpoint(
    url: str,
    timeout: float = 10.0,
    batch_size: int = 16,
    headers: Mapping[str, str] | None = None,
    name: str | None = None,
) -> BlackBox:
    """Whoever answers at an address, in the protocol above.

    Photos are sent as PNGs, so with 8 bits a colour. Redirects are not followed: photos go to this address alone.
    Threads may share it; its connections are closed with the black box.

    Args:
        url: the address; http or https. It must come from the host, never from a visitor: whoever chooses it can make
            this machine talk to any other that it reaches.
        timeout: seconds until it must be connected, and until each answer must be there.
        batch_size: photos a question at most.
        headers: sent with every question, an `Authorization` for one.
        name: what it is called; None takes the address without its credentials and its query.

    Raises:
        ValueError: this is no address.
        BlackBoxError: it does not answer, or does not say what classes it knows and what size of photo it wants.
        ImportError: httpx is not installed.
    """
    endpoint = Endpoint(url, timeout, headers or {}, name)
    about = endpoint.send("GET")
    classes, size = about.get("classes"), about.get("input_size")
    if not (isinstance(classes, list) and len(classes) > 1 and all(isinstance(label, str) for label in classes)):
        raise BlackBoxError(f'{endpoint.name} must say what its "classes" are called, two at least')
    if not (isinstance(size, int) and MIN_SIDE <= size <= MAX_PIXELS**0.5):
        raise BlackBoxError(f'{endpoint.name} must say the "input_size" of its photos, in pixels')
    black_box = from_function(endpoint, classes, size, batch_size, endpoint.name)
    weakref.finalize(black_box, endpoint.client.close)
    return black_box


class Endpoint:
    """A function of photos that is computed elsewhere.

    Args:
        url: the address.
        timeout: seconds until it must be connected, and until each answer must be there.
        headers: sent with every question.
        name: what it is called in sentences; None takes the address without its credentials and its query.

    Raises:
        ValueError: this is no address.
        ImportError: httpx is not installed.
    """

    def __init__(self, url: str, timeout: float, headers: Mapping[str, str], name: str | None) -> None:
        try:
            import httpx
        except ImportError as error:
            raise ImportError("an endpoint needs httpx: pip install httpx") from error
        try:
            address = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"this is no address of an endpoint: {error}") from error
        if address.scheme not in ("http", "https") or not address.host:
            raise ValueError("the address of an endpoint starts with http:// or https:// and a host")
        self.name = name or str(address.copy_with(userinfo=b"", query=None, fragment=None))
        self.url, self.timeout = address, timeout
        # Compressed, an answer of a few bytes could unfold to any size.
        headers = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
        self.client = httpx.Client(timeout=timeout, headers=headers, follow_redirects=False)

    def __call__(self, photos: list[Image.Image]) -> object:
        """Photos to what it calls their confidences."""
        answer = self.send("POST", {"images": [png(photo) for photo in photos]})
        if "confidences" not in answer:
            raise BlackBoxError(f'{self.name} answered without "confidences"')
        return answer["confidences"]

    def send(self, method: str, content: dict | None = None) -> dict:
        """Ask once, and once more where the connection failed; a question may be asked twice, it changes nothing.

        Raises:
            BlackBoxError: there was no answer in time, or none that is a JSON object.
        """
        import httpx

        try:
            try:
                body = self.exchange(method, content)
            except (httpx.NetworkError, httpx.RemoteProtocolError):  # a kept connection was closed meanwhile, perhaps
                body = self.exchange(method, content)
        except httpx.TimeoutException as error:
            raise self.late() from error
        except httpx.RequestError as error:
            raise BlackBoxError(f"{self.name} cannot be reached, or breaks off") from error
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BlackBoxError(f"{self.name} answered with something that is no JSON") from error
        if not isinstance(answer, dict):
            raise BlackBoxError(f"{self.name} answered with JSON that is no object")
        return answer

    def exchange(self, method: str, content: dict | None) -> bytes:
        """One question and the bytes of its answer."""
        due, body = time.monotonic() + self.timeout, bytearray()
        with self.client.stream(method, self.url, json=content) as response:
            if response.is_redirect:
                raise BlackBoxError(f"{self.name} redirects elsewhere, which is not followed")
            if response.status_code != 200:
                raise BlackBoxError(f"{self.name} answered with the HTTP status {response.status_code}")
            for part in response.iter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    raise BlackBoxError(f"{self.name} answered with more than {MAX_BYTES // 10**6} MB")
                if time.monotonic() > due:  # the client's own time-out starts anew with every part
                    raise self.late()
        return bytes(body)

    def late(self) -> BlackBoxError:
        return BlackBoxError(f"{self.name} did not answer within {self.timeout:g} s")


def png(photo: Image.Image) -> str:
    """A photo as a PNG in base64."""
    file = io.BytesIO()
    photo.save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()
