"""How a classifier is trained: every choice in one place, and the named sets of choices."""

from dataclasses import dataclass, field
from typing import Literal

import timm

from train.augment import AUGMENTATIONS
from train.run import Run

OF_PYRAMIDS = ("backbone", "width", "attended", "branch_width", "branch_depth", "branch_gradient", "grey")


@dataclass
class Recipe(Run):
    """Train a classifier of photos, measure it and write a checkpoint."""

    augmentation: Literal[tuple(AUGMENTATIONS)] = "paper"
    """Random views of the photos."""
    pasted: float = 0.0
    """Share of the objects on a plain ground that are pasted on another photo of their class."""
    label_smoothing: float = 0.0
    """Share of the target spread over all classes."""
    pretrained: bool = False
    """Start from ImageNet weights (efficientnet_lite0, or a pyramid's backbone)."""
    backbone: str = "tf_efficientnet_lite0"
    """Of a pyramid: any network of timm with features at strides 4 to 32."""
    width: int = 256
    """Of a pyramid: channels of every layer."""
    attended: list[int] = field(default_factory=list)
    """Of a pyramid: layers with an attention branch, 1 the finest; none is plain FPN."""
    branch_width: int = 32
    """Of a pyramid: channels inside an attention branch."""
    branch_depth: int = 1
    """Of a pyramid: 3×3 convolutions inside an attention branch."""
    branch_gradient: bool = True
    """Of a pyramid: let the branches' losses train the layers below them."""
    grey: bool = False
    """Of a pyramid: turn photos grey first, ever after."""
    teacher: str | None = None
    """Checkpoint whose answers and features are imitated besides the labels."""
    teacher_weight: float = 0.7
    """Share of the teacher's answers in the loss, against the labels."""
    hint_weight: float = 0.0
    """Weight of the distance between the teacher's feature maps, one a resolution, and linear images of the
    student's."""
    teacher_size: int = 160
    """Smaller views are enlarged to this side for the teacher."""
    cache_side: int = 256
    """Photos are kept in memory decoded, with this shorter side; 0 decodes them at each use."""
    kept: Literal["best", "last"] = "best"
    """The epoch whose weights are kept: the most accurate on the validation photos, or the last."""

    def learns_from(self) -> list[str]:
        """The checkpoints whose weights or answers it takes over."""
        return [*super().learns_from(), *([self.teacher] if self.teacher else [])]

    def architecture(self) -> dict:
        """The options of the model."""
        options = {"input_size": self.test_size}
        if self.model == "pyramid":
            options |= {key: getattr(self, key) for key in OF_PYRAMIDS}
            if self.pretrained:
                known = timm.get_pretrained_cfg(self.backbone)
                options |= {"mean": known.mean, "std": known.std}
        return options

    def check(self) -> None:
        """Find what cannot work before hours are spent on it.

        Raises:
            ValueError: options contradict each other, or name what is not there; one sentence says which.
        """
        super().check()
        if self.model == "cnn" and {*self.sizes, self.test_size} != {self.test_size}:
            raise ValueError("cnn ends in fully connected layers, so --sizes and --test-size must be one and the same")
        if self.hint_weight and not self.teacher:
            raise ValueError("--hint-weight needs a --teacher")
        if self.pretrained and self.model not in ("efficientnet_lite0", "pyramid"):
            raise ValueError(
                f"--pretrained is for efficientnet_lite0 and pyramid; there are no ImageNet weights for {self.model}"
            )
        if self.teacher and self.model == "pyramid":
            raise ValueError("--teacher is for networks whose layers follow one another; a pyramid learns from labels")


PRESETS = {
    "paper": (
        "The protocol of BaiNa and Joe, 2024: from scratch, 128×128, 50 epochs, Adam, flips.",
        Recipe("paper", data=[]),
    ),
    "paper-cnn": (
        "The protocol of BaiNa and Joe, 2024, for their small baseline: SGD, 20 epochs.",
        Recipe("paper-cnn", data=[], model="cnn", epochs=20, batch=64, optimizer="sgd"),
    ),
    "finetune": (
        "ImageNet weights tuned for photos from life.",
        Recipe(
            "finetune",
            data=[],
            model="efficientnet_lite0",
            pretrained=True,
            epochs=12,
            sizes=[192, 224],
            until=[0.67],
            test_size=256,
            batch=32,
            optimizer="adamw",
            lr=3e-4,
            weight_decay=0.02,
            warmup=0.05,
            augmentation="life",
            pasted=0.3,
            label_smoothing=0.05,
        ),
    ),
    "small": (
        "The small baseline for photos from life.",
        Recipe(
            "small",
            data=[],
            model="cnn",
            epochs=40,
            batch=64,
            optimizer="adamw",
            weight_decay=0.05,
            warmup=0.05,
            augmentation="life",
            crop=0.5,
        ),
    ),
    "life": (
        "A ResNet for photos from life: from scratch, on growing views, led by its teacher's answers and feature maps.",
        Recipe(
            "life",
            data=[],
            epochs=120,
            sizes=[128, 160, 192],
            until=[0.4, 0.75],
            test_size=224,
            batch=64,
            optimizer="adamw",
            weight_decay=0.05,
            warmup=0.05,
            augmentation="gentle",
            crop=0.5,
            teacher="garbage-efficientnet_lite0",
            teacher_size=192,
            hint_weight=1.0,
        ),
    ),
    "pyramid": (
        "A feature pyramid on ImageNet weights for aerial photos, with attention branches on the layers you choose.",
        Recipe(
            "pyramid",
            data=[],
            model="pyramid",
            pretrained=True,
            grey=True,
            epochs=20,
            sizes=[128],
            test_size=160,
            batch=32,
            optimizer="adamw",
            lr=5e-4,
            weight_decay=0.02,
            warmup=0.05,
            augmentation="aerial",
            crop=0.4,
            width=64,
            branch_width=16,
            branch_gradient=False,
            kept="last",
        ),
    ),
}
