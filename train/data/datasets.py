"""Photos as PyTorch data sets: random views for training, whole photos for validation and test."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as F

from train.data.augment import AUGMENTATIONS
from train.data.paste import cut_object, paste_object
from train.data.splits import LazyPhoto, Split, open_photo


def read_pixels(photo: LazyPhoto) -> Tensor:
    """A photo as uint8 (3, H, W)."""
    return F.pil_to_tensor(open_photo(photo))


class RandomViews(Dataset):
    """A new random view of each photo every epoch; the same for the same seed, epoch and photo, on any machine.

    Args:
        split: the photos.
        classes: names of the classes, in the order of the labels.
        augmentation: a key of `AUGMENTATIONS`.
        seed: of all randomness.
        cache_side: photos are decoded once and kept in memory with this shorter side; 0 decodes them at each use.
        crop: least share of the photo a view shows.
        pasted: share of the objects on a plain ground that are pasted on another photo of their class.
    """

    def __init__(
        self,
        split: Split,
        classes: Sequence[str],
        augmentation: str,
        seed: int,
        cache_side: int,
        crop: float = 0.25,
        pasted: float = 0.0,
    ) -> None:
        self.photos, self.cache_side, self.seed = split.photos, cache_side, seed
        self.augment, self.crop = AUGMENTATIONS[augmentation], crop
        self.labels = [classes.index(label) for label in split.labels]
        if cache_side:
            with ThreadPoolExecutor() as pool:
                self.photos = list(pool.map(self.decode, self.photos))
        self.pasted, self.masks = pasted, {}
        if pasted:
            with ThreadPoolExecutor() as pool:
                found = pool.map(lambda index: cut_object(self.load(index)), range(len(self.photos)))
                self.masks = {index: mask for index, mask in enumerate(found) if mask is not None}
            busy = [index for index in range(len(self.photos)) if index not in self.masks]
            self.grounds = {k: [i for i in busy if self.labels[i] == k] for k in set(self.labels)}
        self.choose_views(0, 128)

    def choose_views(self, epoch: int, size: int) -> None:
        """Decide the views of an epoch and their side in pixels."""
        self.epoch, self.transform = epoch, self.augment(size, self.crop)

    def decode(self, photo: LazyPhoto) -> Tensor:
        """A photo as uint8 (3, H, W), shrunk to `cache_side` where it is larger."""
        pixels = read_pixels(photo)
        if self.cache_side and min(pixels.shape[1:]) > self.cache_side:
            pixels = F.resize(pixels, [self.cache_side], antialias=True)
        return pixels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """A view, uint8 (3, S, S), of photo `index % N` of N, and its label; another view of it for every index."""
        number = index % len(self)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(hash((self.seed, self.epoch, index)))
            photo, grounds = self.load(number), self.grounds[self.labels[number]] if number in self.masks else []
            if grounds and torch.rand(()) < self.pasted:
                ground = grounds[int(torch.randint(len(grounds), ()))]
                photo = paste_object(photo, self.masks[number], self.load(ground))
            return self.transform(photo), self.labels[number]

    def load(self, index: int) -> Tensor:
        """A photo's pixels, uint8 (3, H, W), from memory or from its file."""
        photo = self.photos[index]
        return photo if isinstance(photo, Tensor) else self.decode(photo)


class WholePhotos(Dataset):
    """Each photo squeezed whole into a square, as the finished network will see it.

    Args:
        split: the photos.
        classes: names of the classes, in the order of the labels.
        size: side of the square, in pixels.
        cache: squeeze all photos now and keep them in memory.
    """

    def __init__(self, split: Split, classes: Sequence[str], size: int, cache: bool) -> None:
        self.photos, self.size = split.photos, [size, size]
        self.labels = [classes.index(label) for label in split.labels]
        if cache:
            with ThreadPoolExecutor() as pool:
                self.photos = list(pool.map(self.squeeze, self.photos))

    def squeeze(self, photo: LazyPhoto) -> Tensor:
        """uint8 (3, S, S)."""
        return F.resize(read_pixels(photo), self.size, antialias=True)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        photo = self.photos[index]
        return photo if isinstance(photo, Tensor) else self.squeeze(photo), self.labels[index]
