"""What a network's layers are called where one is chosen."""

from xai.studio.answers import get_model
from xai.studio.text import has_text, say


def name_layer(model: str, layer: str, lang: str) -> str:
    """A layer's name by the network's architecture, with its name in the code behind; only the latter if unknown."""
    key = f"layers.{type(get_model(model)).__name__}.{layer}"
    return say(lang, key) if has_text(key) else layer
