"""Training photos as batches of squares, from memory or from a stream, each photo with the numbers of its view."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from torchvision.transforms.v2 import functional as F

from train.data.datasets import WholePhotos
from train.data.device_views import draw_numbers
from train.data.order import derive_seed, draw_order
from train.data.sources import COLUMNS, HUB
from xai.photo import as_photo

BUFFER = 2000  # photos of a stream that are shuffled among each other


class Batch(NamedTuple):
    """Indices of photos (B), pixels uint8 (B, 3, S, S), the numbers of their views (B, 11), labels (B)."""

    photos: Tensor
    pixels: Tensor
    numbers: Tensor
    labels: Tensor


class PhotosInMemory:
    """All photos on the device, squeezed into squares; a process takes its share of every batch.

    Args:
        photos: the photos.
        device: where they are kept.
        process, processes: which share of a batch this process takes, of how many.
        balance: show photos of every class equally often.
    """

    def __init__(
        self, photos: WholePhotos, device: torch.device, process: int = 0, processes: int = 1, balance: bool = False
    ) -> None:
        self.pixels = torch.stack([pixels for pixels, _ in photos]).to(device)  # N, 3, S, S
        self.labels = torch.tensor(photos.labels, device=device)
        self.process, self.processes, self.balance = process, processes, balance

    def __len__(self) -> int:
        return len(self.labels)

    def iterate(self, batch_size: int, seed: int, view: int, epoch: int) -> Iterator[Batch]:
        """An epoch's batches, over all processes of `batch_size` photos; only where there is no other a smaller one."""
        order = draw_order(self.labels.cpu(), derive_seed(seed, epoch), self.balance)
        numbers = draw_numbers(seed, view, int(order.max()) + 1)
        for chosen in order.split(batch_size)[: self.count_steps(batch_size)]:
            chosen = chosen[self.process :: self.processes]
            photos = chosen % len(self)
            on_device = photos.to(self.pixels.device)
            yield Batch(photos, self.pixels[on_device], numbers[chosen].to(on_device.device), self.labels[on_device])

    def count_steps(self, batch_size: int) -> int:
        """Batches in an epoch. What is left over is left out: batch normalisation cannot work on one photo."""
        return max(1, len(self) // batch_size)


class PhotoStream(IterableDataset):
    """Photos of a Hub data set, read one after the other, in a new order every epoch; each process reads its own share.

    Args:
        source: `hub:OWNER/NAME[@REVISION]`, with the columns image and label.
        side: of the square photos are squeezed into.
        photos: how many count as one epoch, over all processes.
        device: where batches go.
        workers: processes that decode photos.
        process, processes: which share this process reads, of how many.

    Raises:
        ValueError: the data set has other columns.
    """

    def __init__(
        self,
        source: str,
        side: int,
        photos: int,
        device: torch.device,
        workers: int,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        from datasets import load_dataset

        name, _, revision = source.removeprefix(HUB).partition("@")
        rows = load_dataset(name, split="train", revision=revision or None, streaming=True)
        if rows.column_names and not set(rows.column_names) >= COLUMNS:
            raise ValueError(f"{name}: expected the columns image and label, found {', '.join(rows.column_names)}")
        self.rows, self.process, self.processes, self.epoch, self.batch_size = rows, process, processes, 0, 1
        self.side, self.photos, self.device = side, photos // processes, device
        shards = self.shuffle(0).num_shards
        self.workers = min(workers, shards)  # a further worker would have no file to read

    def __len__(self) -> int:
        return self.photos

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        """Pixels, uint8 (3, S, S), and label of this worker's photos, from the first again where there are too few."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        steps, round_ = self.photos // self.batch_size, 0
        left = self.batch_size * len(range(number, steps, workers))  # each worker makes whole batches
        while left:
            for row in self.shuffle(self.epoch + 1_000_000 * round_):
                photo = F.pil_to_tensor(as_photo(row["image"]))
                yield F.resize(photo, [self.side, self.side], antialias=True), int(row["label"])
                left -= 1
                if not left:
                    return
            round_ += 1

    def shuffle(self, seed: int):
        """The rows of this process in another order.

        The seed is given anew instead of by `set_epoch`, since all workers share that epoch: one worker that begins its
        second round would change the order of another's first.
        """
        from datasets.distributed import split_dataset_by_node

        return split_dataset_by_node(self.rows.shuffle(seed=seed, buffer_size=BUFFER), self.process, self.processes)

    def iterate(self, batch_size: int, seed: int, view: int, epoch: int) -> Iterator[Batch]:
        """An epoch's batches, over all processes of `batch_size` photos."""
        self.epoch, self.batch_size = epoch, batch_size // self.processes
        numbers = draw_numbers(seed * self.processes + self.process, view, self.photos)
        loader = DataLoader(self, self.batch_size, num_workers=self.workers)
        for i, (pixels, labels) in enumerate(loader):
            photos = torch.arange(i * self.batch_size, (i + 1) * self.batch_size)
            yield Batch(photos, *(part.to(self.device) for part in (pixels, numbers[photos], labels)))

    def count_steps(self, batch_size: int) -> int:
        """Batches in an epoch."""
        return self.photos // (batch_size // self.processes)
