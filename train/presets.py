"""The two kinds of recipes, for classifiers and for students of black boxes, and the named sets of choices of each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import timm

from train.data.augment import Augmentation
from train.data.sources import HUB
from train.recipe import Recipe, define_presets
from xai.models.attention import Padding
from xai.models.pyramid import Acting

OF_PYRAMIDS = (
    "backbone", "width", "attended", "branch_width", "branch_depth", "acting", "branch_gradient", "padding", "grey",
)  # fmt: skip


@dataclass
class ClassifierRecipe(Recipe):
    """Train a classifier of photos, measure it and write a checkpoint."""

    augmentation: Augmentation = "paper"
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
    acting: Acting = "scale"
    """Of a pyramid: what a branch's attention does, scale the layer, weigh its positions as they pool, or none."""
    branch_gradient: bool = True
    """Of a pyramid: let the branches' losses train the layers below them."""
    padding: Padding = "zeros"
    """Of a pyramid: what its 3×3 convolutions above the backbone see beyond the border."""
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

    module: ClassVar = "train.classifier"

    @property
    def parents(self) -> list[str]:
        """The checkpoints whose weights or answers it learns from."""
        return [*super().parents, *([self.teacher] if self.teacher else [])]

    def model_options(self) -> dict:
        """What `create_model` needs to know besides architecture and classes."""
        options: dict[str, Any] = {"input_size": self.test_size}
        if self.model == "pyramid":
            options |= {key: getattr(self, key) for key in OF_PYRAMIDS}
            if self.pretrained:
                known = timm.get_pretrained_cfg(self.backbone)
                if known is None:
                    raise ValueError(f"timm knows no ImageNet weights for {self.backbone}")
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


@dataclass
class StudentRecipe(Recipe):
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
    reestimate: bool = False
    """At the end estimate the means and variances of batch norm anew, on training photos of the test size; kept where
    the validation photos' answers are then nearer to the black box's."""
    stream: bool = False
    """Read the training photos of the first data set, on the Hub, one by one; the others validate and test."""
    photos: int = 0
    """Of a stream: photos that count as one epoch."""
    every: int = 1
    """Epochs from one validation, and saving of the state, to the next."""

    module: ClassVar = "train.distill"
    without_effect: ClassVar[tuple[str, ...]] = (*Recipe.without_effect, "every")

    @property
    def folder(self) -> Path:
        """Where the run keeps everything."""
        return self.out or Path("runs") / f"distill-{self.preset}"

    @property
    def parents(self) -> list[str]:
        """The checkpoints whose weights or answers it learns from."""
        return [*super().parents, self.teacher]

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
        if self.stream and self.reestimate:
            raise ValueError("--reestimate needs training photos that are kept, which --stream does not keep")
        if self.stream and self.balance:
            raise ValueError("--stream reads photos as they come, so that --balance cannot choose among them")
        if self.stream and not self.data[0].startswith(HUB):
            raise ValueError(f"--stream reads a data set on the Hub, {HUB}OWNER/NAME, and {self.data[0]} is none")


ADAMW = {"optimizer": "adamw", "weight_decay": 0.05, "warmup": 0.05}
GROWING = {"sizes": [128, 160, 192], "until": [0.4, 0.75], "test_size": 224}  # views grow as training goes on
KANG = {"epochs": 100, "sizes": [224], "test_size": 224, "optimizer": "sgd", "weight_decay": 1e-4}

CLASSIFIER_PRESETS = define_presets(ClassifierRecipe, {
    "paper": ("The protocol of BaiNa and Joe, 2024: from scratch, 128×128, 50 epochs, Adam, flips.", {}),
    "paper-cnn": (
        "The protocol of BaiNa and Joe, 2024, for their small baseline: SGD, 20 epochs.",
        {"model": "cnn", "epochs": 20, "batch": 64, "optimizer": "sgd"},
    ),
    "finetune": (
        "ImageNet weights tuned for photos from life.",
        {
            **ADAMW, "model": "efficientnet_lite0", "pretrained": True, "epochs": 12, "batch": 32,
            "sizes": [192, 224], "until": [0.67], "test_size": 256, "lr": 3e-4, "weight_decay": 0.02,
            "augmentation": "life", "pasted": 0.3, "label_smoothing": 0.05,
        },
    ),
    "small": (
        "The small baseline for photos from life.",
        {**ADAMW, "model": "cnn", "epochs": 40, "batch": 64, "augmentation": "life", "crop": 0.5},
    ),
    "life": (
        "A ResNet for photos from life: from scratch, on growing views, led by its teacher's answers and feature maps.",
        {
            **GROWING, **ADAMW, "epochs": 120, "batch": 64, "augmentation": "gentle", "crop": 0.5,
            "teacher": "garbage-efficientnet_lite0", "teacher_size": 192, "hint_weight": 1.0,
        },
    ),
    "pyramid": (
        "A feature pyramid on ImageNet weights for aerial photos, with attention branches on the layers you choose.",
        {
            **ADAMW, "model": "pyramid", "pretrained": True, "grey": True, "epochs": 12, "batch": 32, "sizes": [128],
            "test_size": 160, "lr": 5e-4, "weight_decay": 0.02, "augmentation": "aerial-whole", "crop": 0.4,
            "width": 64, "branch_width": 16, "padding": "replicate", "kept": "last",
        },
    ),
})  # fmt: skip

STUDENT_PRESETS = define_presets(StudentRecipe, {
    "paper": (
        "The schedule of Kang et al., 2021, for ImageNet: SGD at 0.1, a tenth every 30 of 100 epochs, 224×224.",
        {**KANG, "batch": 256, "lr": 0.1, "milestones": [30, 60, 90]},
    ),
    "paper-fine": (
        "The schedule of Kang et al., 2021, for fine-grained photos: from an ImageNet student (--start), SGD at 0.01.",
        {**KANG, "batch": 64, "lr": 0.01, "milestones": [30, 50, 60, 70]},
    ),
    "quick": (
        "From scratch on growing views, by the black box's answers and an open network's feature maps, without labels.",
        {
            **GROWING, **ADAMW, "epochs": 160, "batch": 128, "lr": 1e-3, "crop": 0.4, "labels": "none", "mix": 0.5,
            "guide": True, "reestimate": True,
        },
    ),
})  # fmt: skip

PRESETS = {ClassifierRecipe.module: CLASSIFIER_PRESETS, StudentRecipe.module: STUDENT_PRESETS}  # by their command


def format_command(recipe: Recipe) -> str:
    """The command line that trains a recipe again: its preset and what differs from it."""
    usual = PRESETS[recipe.module][recipe.preset][1].settings()
    parts = [f"python -m {recipe.module}", recipe.preset]
    for key, value in recipe.settings().items():
        if key not in ("data", "model") and value == usual[key]:
            continue
        flag = key.replace("_", "-")
        if isinstance(value, bool):
            parts.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            parts += [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]
    return " ".join(parts)
