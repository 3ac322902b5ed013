"""What the section's scripts draw, as JSON; of a class it has the name, which the scripts translate."""

from typing import Any

import numpy as np
from PIL import Image

from xai.studio.answers import get_model
from xai.studio.how.answers import Inside
from xai.studio.how.attention import SHOWN
from xai.studio.how.finding import Found, Mosaic
from xai.studio.sending import encode_map, send_photo

Sent = dict[str, Any]


def send_picture(photo: Image.Image, cache: str) -> Sent:
    """A photo and its width and height."""
    return {"photo": send_photo(photo, cache), "size": photo.size}


def send_channels(inside: Inside, sent: Sent) -> Sent:
    """The channels that count most, as maps."""
    pairs = zip(inside.parts.channels, inside.parts.features, strict=True)
    channels = [send_channel(number, features, inside) for number, features in pairs]
    return {**sent, **describe(inside), "channels": channels}


def send_parts(inside: Inside, sent: Sent) -> Sent:
    """All that a map and a logit are mixed from: `how.mix` in the browser does it."""
    parts = inside.parts
    return {
        **send_channels(inside, sent),
        "total": parts.total,
        "weights": parts.weights.tolist(),
        "rest": send_exactly(parts.rest, inside.explained.photo),
        "bias": parts.bias,
        "others": parts.others.tolist(),
    }


def send_turned(inside: Inside, sent: Sent) -> Sent:
    """The channels that attention turns up and down, and the answer without it."""
    turned = inside.turned
    if turned is None:
        return {**sent, **describe(inside), "turned": None}
    rows = zip(turned.channels, turned.features, turned.weights.tolist(), turned.means.tolist(), strict=True)
    channels = [
        {**send_channel(number, features, inside), "weight": weight, "mean": mean}
        for number, features, weight, mean in rows
    ]
    before, after = inside.explained.confidences, turned.confidences
    return {
        **sent,
        **describe(inside),
        "turned": {"up": channels[:SHOWN], "down": channels[SHOWN:], "photos": turned.photos},
        "says": {"label": predicted(inside), "confidence": float(before.max())},
        "would": {"label": turned.label, "confidence": float(after.max())},
    }


def send_hiding(inside: Inside, sent: Sent, hidden: dict[str, Any]) -> Sent:
    """The photo to hide parts of, the confidence in it, and what was asked so far."""
    return {**sent, **describe(inside), **hidden}


def send_drops(inside: Inside, asked: np.ndarray) -> Sent:
    """By how much each place (r, 7), r rows asked so far, lowers the confidence, as a map of the photo's upper part."""
    photo, drops = inside.explained.photo, inside.explained.confidence - asked
    return {"rows": len(asked), "drops": encode_map(drops.astype(np.float32), photo)}


def send_mosaic(mosaic: Mosaic, sent: Sent) -> Sent:
    return {**sent, "labels": mosaic.labels}


def send_found(found: Found) -> Sent:
    """Where a map lies in the mosaic; there is none where nothing speaks for the class."""
    e = found.explained
    return {
        "quarter": found.quarter,
        "shares": found.shares,
        "map": None if e.blank else encode_map(e.raw, e.photo),
        "method": e.method,
    }


def send_channel(number: int, features: np.ndarray, inside: Inside) -> Sent:
    """A channel, with no picture where it sees the same everywhere: mostly nothing."""
    silent = inside.explained.blank or features.max() == features.min()
    return {"number": number, "map": send_exactly(features, inside.explained.photo), "silent": bool(silent)}


def send_exactly(raw: np.ndarray, photo: Image.Image) -> Sent:
    """A raw map (h, w) with its very values, row by row, for what is to be computed with them."""
    encoded = encode_map(raw, photo)
    return {key: encoded[key] for key in ("h", "w", "low", "high")} | {"values": raw.flatten().tolist()}


def describe(inside: Inside) -> Sent:
    e = inside.explained
    return {"label": e.label, "confidence": e.confidence, "blank": e.blank}


def predicted(inside: Inside) -> str:
    """The class of which the network is the surest, whichever was asked for."""
    return get_model(inside.model).classes[int(inside.explained.confidences.argmax())]
