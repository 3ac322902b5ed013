"""What every training has in common: data, schedule, and where its results go.

The fields are the options of the command line, and stand under the same names in the records and cards of checkpoints.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from tyro.conf import Fixed

from train.data.order import derive_seed
from train.data.sources import name_source
from xai.models import Architecture

AnyRecipe = TypeVar("AnyRecipe", bound="Recipe")
Presets = dict[str, tuple[str, AnyRecipe]]  # by name, what a preset is for, and the preset


@dataclass
class Recipe:
    """The choices of any training; a subclass adds those of its kind."""

    preset: Fixed[str]
    data: list[str]
    """Image folders, or hub:OWNER/NAME; several are trained on together and tested apart."""
    model: Architecture = "s_se_resnet50"
    """Architecture."""
    start: str | None = None
    """Checkpoint to start from: every weight of the same name and shape, and what it knows of classes of the same
    name."""
    balance: bool = False
    """Show photos of every class equally often, those of rare ones several times an epoch, in other views."""
    broken: Literal["refuse", "skip"] = "refuse"
    """What happens where photos are damaged, tiny or huge: nothing is trained, or they are left out."""
    data_changed: Literal["refuse", "accept"] = "refuse"
    """What happens where the photos of a run that was stopped have changed: it does not go on, or it goes on, and what
    it trained on before is kept out of val and test."""
    out: Path | None = None
    """Folder for the state, the history and the checkpoint; by default runs/PRESET-MODEL."""
    epochs: int = 50
    """Passes over the training photos."""
    sizes: list[int] = field(default_factory=lambda: [128])
    """Side of the training views in pixels; several are gone through in turn."""
    until: list[float] = field(default_factory=lambda: [])
    """Share of the epochs at which each size but the last ends."""
    test_size: int = 128
    """Side of the input when validating, testing and ever after."""
    batch: int = 128
    """Photos a step, over all processes."""
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    """Optimiser; sgd has a momentum of 0.9."""
    lr: float = 1e-3
    """Highest learning rate; it follows a cosine down to 0, unless there are milestones."""
    milestones: list[int] = field(default_factory=list)
    """Epochs after which the learning rate is divided by 10."""
    weight_decay: float = 0.0
    """Weight decay."""
    warmup: float = 0.0
    """Share of the steps over which the learning rate rises from 0."""
    crop: float = 0.25
    """Least share of the photo a view shows."""
    seed: int = 0
    """Of all randomness."""
    precision: Literal["auto", "no", "bf16"] = "auto"
    """Mixed precision; auto takes bf16 where this machine is faster with it, else none."""
    compiled: bool = False
    """Let torch.compile fuse the network's operations: minutes of preparation for each size of the views, then up to
    2.5 times as fast on a CPU."""
    workers: int = 2
    """Processes preparing views."""
    test: bool = True
    """Measure the test photos and write the checkpoint at the end; leave it off while choosing between recipes."""
    push_to: str | None = None
    """Hub repository to publish the checkpoint to."""
    stop_after: int | None = None
    """Stop after this many epochs in all, to go on later with the same command."""

    module: ClassVar[str]  # whose command trains it
    without_effect: ClassVar[tuple[str, ...]] = (
        "preset", "out", "push_to", "stop_after", "test", "workers", "compiled", "broken", "data_changed",
    )  # on the weights, but for rounding  # fmt: skip

    @property
    def folder(self) -> Path:
        """Where the run keeps everything."""
        return self.out or Path("runs") / f"{self.preset}-{self.model}"

    @property
    def parents(self) -> list[str]:
        """The checkpoints whose weights or answers it learns from."""
        return [self.start] if self.start else []

    def size_at(self, epoch: int) -> int:
        """Side of the views in an epoch."""
        passed = sum(epoch >= round(share * self.epochs) for share in self.until)
        return self.sizes[passed]

    def seed_at(self, epoch: int) -> int:
        """The seed of an epoch."""
        return derive_seed(self.seed, epoch)

    def settings(self) -> dict:
        """All that decides the weights, as JSON holds it; data sets by name, wherever they lie."""
        chosen = {key: value for key, value in asdict(self).items() if key not in self.without_effect}
        chosen["data"] = [name_source(source) for source in self.data]
        return chosen

    def check(self) -> None:
        """Find what cannot work before hours are spent on it.

        Raises:
            ValueError: options contradict each other, or name what is not there; one sentence says which.
        """
        if not self.data:
            raise ValueError("--data must name an image folder, or hub:OWNER/NAME")
        names = [name_source(source) for source in self.data]
        if len(set(names)) < len(names):
            raise ValueError(f"two of the data sets have the same name: {', '.join(names)}; rename a folder")
        if len(self.until) != len(self.sizes) - 1:
            raise ValueError(f"--until must have one number less than --sizes, but has {len(self.until)}")
        if self.batch < 2:
            raise ValueError("--batch must be 2 or more: batch normalisation cannot work on one photo")
        if self.epochs < 1:
            raise ValueError("--epochs must be 1 or more")


def define_presets(kind: Callable[..., AnyRecipe], choices: dict[str, tuple[str, dict]]) -> Presets:
    """Presets of a kind of recipe, from what each is for and what it chooses."""
    return {name: (text, kind(name, data=[], **options)) for name, (text, options) in choices.items()}
