"""How a black box is distilled: every choice in one place, and the named sets of choices."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from train.data import HUB
from train.run import Run


@dataclass
class Distillation(Run):
    """Train a student to answer as a black box does, knowing nothing but its answers."""

    model: Literal["cbam_resnet50", "resnet50", "se_resnet50", "s_se_resnet50"] = "cbam_resnet50"
    """Architecture of the student; only blocks with CBAM have maps of their attention."""
    teacher: str = ""
    """The black box: a checkpoint's name or folder, timm:NAME, onnx:FILE, or the address of an endpoint."""
    labels: Literal["truth", "teacher", "none"] = "truth"
    """What the cross-entropy asks for: the photos' labels (eq. 5 of Kang et al., 2021), the black box's class, or
    nothing (KL alone)."""
    temperatures: list[float] = field(default_factory=lambda: [1.0])
    """Of the KL divergence, one term each; Kang et al. (2021) have 1. Higher ones mind the order of the less likely
    classes."""
    views: int = 0
    """Fixed views of each photo whose answers are kept, for a black box that is expensive to ask; 0 asks anew of fresh
    views in every epoch."""
    mix: float = 0.0
    """Largest share of another view that shines through half of the views; the black box is asked about the blend."""
    guide: bool = False
    """Follow the feature maps of an open network besides, EfficientNet-Lite1 with ImageNet weights, where there is no
    ImageNet student to start from."""
    guide_weight: float = 1.0
    """Weight of the distance to the guide's feature maps."""
    stream: bool = False
    """Read the training photos of the first data set, on the Hub, one by one; the others validate and test."""
    photos: int = 0
    """Of a stream: photos that count as one epoch."""
    every: int = 1
    """Epochs from one validation, and saving of the state, to the next."""

    without_effect: ClassVar = (*Run.without_effect, "every")

    @property
    def folder(self) -> Path:
        return self.out or Path("runs") / f"distill-{self.preset}"

    def learns_from(self) -> list[str]:
        """The checkpoints whose weights or answers it takes over."""
        return [*super().learns_from(), self.teacher]

    def check(self) -> None:
        """Find what cannot work before hours are spent on it.

        Raises:
            ValueError: options contradict each other; one sentence says which.
        """
        super().check()
        if not self.teacher:
            raise ValueError("--teacher must name the black box")
        if any(t < 1 for t in self.temperatures) or not self.temperatures:
            raise ValueError("--temperatures must be one or more numbers of at least 1")
        if self.mix and self.views:
            raise ValueError("--mix blends other photos every time, so that answers to fixed --views cannot be kept")
        if self.stream and (self.photos < self.batch or self.views):
            raise ValueError(
                "--stream needs --photos, the number that counts as one epoch, at least a --batch of them, "
                "and cannot keep --views"
            )
        if self.views and self.balance:
            raise ValueError("--balance shows rare classes in other views, so that answers to fixed --views do not do")
        if self.stream and self.balance:
            raise ValueError("--stream reads photos as they come, so that --balance cannot choose among them")
        if self.stream and not self.data[0].startswith(HUB):
            raise ValueError(f"--stream reads a data set on the Hub, {HUB}OWNER/NAME, and {self.data[0]} is none")


PRESETS = {
    "paper": (
        "The schedule of Kang et al., 2021, for ImageNet: SGD at 0.1, a tenth every 30 of 100 epochs, 224×224.",
        Distillation(
            "paper",
            data=[],
            epochs=100,
            sizes=[224],
            test_size=224,
            batch=256,
            optimizer="sgd",
            lr=0.1,
            milestones=[30, 60, 90],
            weight_decay=1e-4,
        ),
    ),
    "paper-fine": (
        "The schedule of Kang et al., 2021, for fine-grained photos: from an ImageNet student (--start), SGD at 0.01.",
        Distillation(
            "paper-fine",
            data=[],
            epochs=100,
            sizes=[224],
            test_size=224,
            batch=64,
            optimizer="sgd",
            lr=0.01,
            milestones=[30, 50, 60, 70],
            weight_decay=1e-4,
        ),
    ),
    "quick": (
        "From scratch on growing views, led by an open network's feature maps, by the black box's answers alone.",
        Distillation(
            "quick",
            data=[],
            epochs=160,
            sizes=[128, 160, 192],
            until=[0.4, 0.75],
            test_size=224,
            batch=128,
            optimizer="adamw",
            lr=1e-3,
            weight_decay=0.05,
            warmup=0.05,
            crop=0.4,
            labels="none",
            mix=0.5,
            guide=True,
        ),
    ),
}
