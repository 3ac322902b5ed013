"""Which region of a photo speaks for which class."""

from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from xai.activations import Activations, differentiate, pick_logits
from xai.checks import check_network
from xai.explanation import make_blank_saliency, resize_to_photo
from xai.maps import resize_maps
from xai.methods.cam import compute_all_class_maps
from xai.models import Classifier
from xai.models.classifier import evaluating
from xai.modes import without_gradients
from xai.noise import is_drowned, lacks_contrast, to_double, varies_little
from xai.photo import Photo, as_photo

COLORS = ((0, 114, 178), (0, 158, 115), (230, 159, 0), (204, 121, 167), (213, 94, 0), (86, 180, 233), (240, 228, 66))


@dataclass(frozen=True)
class Evidence:
    """Every class's map of one photo.

    Attributes:
        photo: the photo, upright, RGB.
        maps: float32 (K, h, w), what each position adds to a class's logit, less the classes' mean there: softmax
            sees only differences, so a positive value speaks for the class and a negative one against it.
        classes: names of the K classes.
        confidences: float32 (K,).
        blank: the maps vary over the photo no more than rounding errors would, or the photo shows one plain colour.
    """

    photo: Image.Image = field(repr=False)
    maps: np.ndarray = field(repr=False)
    classes: list[str]
    confidences: np.ndarray = field(repr=False)
    blank: bool = False

    def winners(self) -> tuple[np.ndarray, np.ndarray]:
        """Per pixel the class with the largest value, int (H, W), and that value over the photo's largest, float32.

        The latter is zero everywhere where the evidence is blank.
        """
        width, height = self.photo.size
        resized = np.stack([resize_to_photo(layer, width, height) for layer in self.maps])  # K, H, W
        strength = make_blank_saliency(self.photo) if self.blank else scale_strength(resized.max(0))
        return resized.argmax(0), strength

    def picture(self, alpha: float = 0.75) -> Image.Image:
        """The photo in grey, every region in the colour of the class it speaks for, the stronger the more opaque.

        It is the plain photo where the evidence is blank.
        """
        if self.blank:
            return self.photo.copy()
        winner, strength = self.winners()
        colors = np.asarray(COLORS, np.float32)[winner % len(COLORS)]  # H, W, 3
        grey = np.asarray(self.photo.convert("L"), np.float32)[..., None]  # H, W, 1
        opacity = alpha * strength[..., None]
        return Image.fromarray(((1 - opacity) * grey + opacity * colors).round().astype(np.uint8))

    def shares(self) -> dict[str, float]:
        """The classes that win somewhere, with their share of the photo's evidence, the largest first."""
        winner, strength = self.winners()
        sums = np.bincount(winner.ravel(), strength.ravel(), minlength=len(self.classes))
        order = sums.argsort()[::-1]
        return {self.classes[k]: float(sums[k] / max(sums.sum(), 1e-12)) for k in order if sums[k] > 0}


def scale_strength(largest: np.ndarray) -> np.ndarray:
    """Values (H, W) over the largest of them, float32 in [0, 1]; zero where none is positive."""
    return (largest / max(largest.max(), np.finfo(np.float32).tiny)).clip(0, 1).astype(np.float32)


@without_gradients
def evidence(model: Classifier, image: Photo) -> Evidence:
    """All classes' maps of a photo: from the forward pass alone where the head is pooling and one linear layer.

    Formula: `E_c = S_c − (1/K) Σ_c' S_c'` with `S_c = Σ_k a_k^c A^k`, the Grad-CAM of every class before the ReLU; of
    a network that reads several layers, their sum at the size of the finest.

    Raises:
        ValueError: the image cannot be read, or the model is no network.
    """
    check_network("evidence", model)
    photo = as_photo(image)
    with evaluating(model):
        return compute_evidence(photo, Activations(model, model.preprocess([photo])))


def compute_evidence(photo: Image.Image, batch: Activations) -> Evidence:
    """`evidence` of a photo whose activations, a batch of one, are there already."""
    sums = compute_class_maps(batch)  # K, h, w
    maps = sums - sums.mean(0, keepdim=True)
    places = maps - maps.mean((1, 2), keepdim=True)  # what of a class's evidence depends on the position
    blank = not places.any() or bool(lacks_contrast(batch.model.std * batch.x + batch.model.mean))
    if not blank and varies_little(places.flatten()[None], sums.abs().amax()[None]):
        precise = compute_class_maps(to_double(batch, torch.tensor([0])))
        blank = bool(is_drowned(maps[None].double(), (precise - precise.mean(0, keepdim=True))[None]))
    confidences = batch.logits()[0].softmax(0)
    return Evidence(photo, maps.float().cpu().numpy(), batch.model.classes, confidences.float().cpu().numpy(), blank)


def compute_class_maps(batch: Activations) -> Tensor:
    """What each position adds to the logit of each class (K, h, w), for a batch of one."""
    model, features = batch.model, batch.last  # 1, C, h, w
    readable = [name for name in model.layers if model.linear_weights(name) is not None]
    if readable:
        per_layer = [compute_all_class_maps(batch, name)[0] for name in readable]  # K, h, w each
        finest = max((each.shape[1:] for each in per_layer), key=lambda size: size[0] * size[1])
        first, *others = (resize_maps(each, finest) for each in per_layer)  # K, H, W each
        return sum(others, first) / (finest[0] * finest[1])
    k = len(model.classes)
    repeated = features.expand(k, -1, -1, -1)  # K, C, h, w
    beside, every = batch.beside([model.last_layer]), torch.arange(k, device=features.device)
    gradients = differentiate(lambda f: pick_logits(model.tail(f, model.last_layer, beside), every), repeated)
    return torch.einsum("kc,kchw->khw", gradients.mean(dim=(2, 3)), repeated)
