"""What every classifier here can do: split at a layer, read photos, answer with confidences."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as F

from xai.modes import without_gradients
from xai.names import tell_apart
from xai.photo import Photo, as_photo, list_photos

BATCH = 32  # photos that are explained together
BATCH_SIZE, BATCH_SIZE_ON_GPU = 16, 256  # photos a question: on a CPU more are no faster, and features fill gigabytes
INPUT = "input"  # the name of what the first layer reads, beside those of the layers
WEIGHTS = "model.safetensors"
HUB_OPTIONS = ("revision", "cache_dir", "force_download", "local_files_only", "token")


def name_attention(layer: str) -> str:
    """What the attention map of a layer is called among the features known."""
    return f"{layer}.attention"


class Classifier(
    nn.Module, PyTorchModelHubMixin, library_name="xai", license="mit", pipeline_tag="image-classification"
):
    """A network as a chain of named layers with a head: `logits = head(layer_n(… layer_1(x)))`.

    A subclass gives `layers` and `head`. Because the chain is explicit, an explanation runs the layers below its
    target without a graph and the rest with one: no hook is ever set, and threads can share a model. A network
    with several chains side by side, as a pyramid has, gives `advance`, `conclude`, `roots` and `beside` besides.

    Args:
        classes: the names of the K classes, in the order of the logits; doubles are told apart by a number.
        input_size: side of the square every photo is resized to, in pixels.
        mean, std: of the input normalisation, for red, green and blue in [0, 1].
    """

    layers: dict[str, Callable[..., Tensor]]
    signed_layers: frozenset[str] = frozenset()  # layers whose features may be negative
    attended_layers: tuple[str, ...] = ()  # layers with an attention branch
    attention_blocks: tuple[str, ...] = ()  # blocks inside the layers whose attention maps become known with these
    familiar_file: Path | None = None  # what its training photos look like, where that is known

    def __init__(self, classes: Sequence[str], input_size: int, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.classes = tell_apart(classes)
        self.name = type(self).__name__
        self.input_size = input_size
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        return self.mean.device

    @property
    def batch_size(self) -> int:
        """Photos that it is asked about at once."""
        return BATCH_SIZE if self.device.type == "cpu" else BATCH_SIZE_ON_GPU

    @property
    def networks(self) -> dict[str, "Classifier"]:
        """The networks that can be looked into to explain it: this one."""
        return {"itself": self}

    @property
    def linear_head(self) -> nn.Linear | None:
        """The one linear layer behind global average pooling, where the head is just that; else None."""
        return None

    def linear_weights(self, layer: str) -> Tensor | None:
        """The weights (K, C), where nothing but global average pooling and one linear layer is above a layer."""
        return self.linear_head.weight if layer == self.last_layer and self.linear_head else None

    def read_linear_weights(self, layer: str) -> Tensor:
        """`linear_weights` of a layer that has them.

        Raises:
            ValueError: something else is above it.
        """
        weights = self.linear_weights(layer)
        if weights is None:
            raise ValueError(f"above {layer} of {self.name} is more than global average pooling and one linear layer")
        return weights

    @property
    def explained_layers(self) -> list[str]:
        """The layers that are explained where none is named."""
        return [self.last_layer]

    def roots(self, layers: Sequence[str]) -> list[str]:
        """Of some layers, in order, those that none of the others is below."""
        return list(layers[:1])

    def beside(self, layers: Sequence[str]) -> list[str]:
        """The layers the logits also depend on, and that do not depend on these."""
        return []

    def head(self, features: Tensor) -> Tensor:
        """The last layer's features (B, C, h, w) to logits (B, K)."""
        raise NotImplementedError

    @property
    def last_layer(self) -> str:
        return list(self.layers)[-1]

    def advance(self, known: dict[str, Tensor], layer: str) -> None:
        """Add the features (B, C, h, w) of a layer to those known, from the nearest of these below it."""
        names = [INPUT, *self.layers]
        start = max(names.index(name) for name in known if name in names and names.index(name) <= names.index(layer))
        features = known[names[start]]
        for name in names[start + 1 : names.index(layer) + 1]:
            features = self.step(known, name, features)
        known[layer] = features

    def step(self, known: dict[str, Tensor], layer: str, features: Tensor) -> Tensor:
        """One layer of the chain; a model may add to those known what it comes upon inside."""
        return self.layers[layer](features)

    def conclude(self, known: Mapping[str, Tensor]) -> Tensor:
        """The logits (B, K) from the features known, the last layer's among them."""
        return self.head(known[self.last_layer])

    def features(self, x: Tensor) -> Tensor:
        """Normalised pixels (B, 3, H, W) to the last layer's features (B, C, h, w)."""
        known = {INPUT: x}
        self.advance(known, self.last_layer)
        return known[self.last_layer]

    def tail(self, features: Tensor, target_layer: str, beside: Mapping[str, Tensor] | None = None) -> Tensor:
        """The features (B, C, h, w) of a layer to logits (B, K): what is left of the forward pass.

        It needs the features of layers `beside` it, of the same photos or of one for all, where a model has such.
        """
        known = {**(beside or {}), target_layer: features}
        self.advance(known, self.last_layer)
        return self.conclude(known)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pixels (B, 3, H, W) to logits (B, K)."""
        return self.tail(x, INPUT)

    def all_logits(self, x: Tensor) -> list[Tensor]:
        """Every answer (B, K) that training compares with the labels, the network's own first."""
        return [self(x)]

    def normalize(self, pixels: Tensor) -> Tensor:
        """Pixels in [0, 1] (B, 3, H, W) to the network's input."""
        return (pixels - self.mean) / self.std

    def preprocess(self, photos: Sequence[Photo]) -> Tensor:
        """Photos of any size to the network's input (B, 3, S, S); the whole photo is squeezed into the square."""
        return self.normalize(self.pixels(photos))

    def pixels(self, images: Sequence[Photo]) -> Tensor:
        """Photos of any size to pixels (B, 3, S, S) in [0, 1]; the whole photo is squeezed into the square."""
        return squeeze_photos(images, self.input_size, self.device)

    @without_gradients
    def ask(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [0, 1] to confidences (N, K), float32, on the same device."""
        with evaluating(self):
            parts = [self(self.normalize(part.to(self.device))) for part in pixels.split(self.batch_size)]  # n, K each
        return torch.cat(parts).float().softmax(1).to(pixels.device)

    @classmethod
    def _from_pretrained(cls, *, model_id, map_location="cpu", strict=True, **options):
        """The mixin's loader, strict and without its second choice, a pickle."""
        hub = {key: options.pop(key) for key in HUB_OPTIONS if key in options}
        file = Path(model_id) / WEIGHTS
        if not Path(model_id).is_dir():
            file = hf_hub_download(model_id, WEIGHTS, **hub)
        return cls._load_as_safetensor(cls(**options), str(file), map_location, strict)

    @without_gradients
    def predict_proba(self, images: Photo | Sequence[Photo]) -> np.ndarray:
        """Confidences of one photo or a list of photos: float32 (N, K), each row summing to 1.

        Raises:
            ValueError: an image is none, or cannot be read.
        """
        photos = list_photos(images)
        with evaluating(self):
            rows = [self(self.preprocess(photos[i : i + BATCH])).softmax(1) for i in range(0, len(photos), BATCH)]
        return torch.cat(rows).float().cpu().numpy() if rows else np.empty((0, len(self.classes)), np.float32)


def squeeze_photos(photos: Sequence[Photo], side: int, device: torch.device) -> Tensor:
    """Photos of any size to pixels (B, 3, S, S) in [0, 1]; the whole photo is squeezed into the square."""
    pixels = [F.resize(F.pil_to_tensor(as_photo(photo)), [side, side], antialias=True) for photo in photos]
    return F.to_dtype(torch.stack(pixels).to(device), torch.float32, scale=True)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, the former mode of every module outside, also after an error.

    Threads may share a model that is in evaluation mode already, as `load_model` gives it: then nothing is switched.
    """
    training = [module for module in model.modules() if module.training]
    if training:
        model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
