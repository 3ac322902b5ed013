"""What is minimised: a classifier with its loss, one module, so that accelerate wraps it whole."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xai.models import Classifier


class Supervised(nn.Module):
    """A classifier and cross-entropy with the labels.

    Args:
        model: the classifier.
        label_smoothing: share of the target spread over all classes.
    """

    def __init__(self, model: Classifier, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.model, self.label_smoothing = model, label_smoothing

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Views in [0, 1] (B, 3, S, S) and labels (B) to the loss and the logits (B, K)."""
        logits = self.model(self.model.normalize(pixels))
        return F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing), logits


class Distilled(nn.Module):
    """A classifier that also imitates a frozen teacher: its answers and its last feature map, on the same views.

    Formula: `(1 − w) CE(s, y) + w KL(t ‖ s) + h (1 − cos(P f_s, f_t))`, with `s`, `t` the two networks' confidences,
    `f` their last feature maps, `P` a 1×1 convolution that is thrown away afterwards, the cosine taken per position.
    Papers: Hinton et al., Distilling the Knowledge in a Neural Network, 2015 (at T = 1); Romero et al., FitNets,
    ICLR 2015.

    Args:
        model: the student.
        teacher: a trained classifier with the same classes.
        weight: w.
        hint_weight: h.
        teacher_size: smaller views are enlarged to this side for the teacher.
    """

    def __init__(
        self, model: Classifier, teacher: Classifier, weight: float, hint_weight: float, teacher_size: int
    ) -> None:
        super().__init__()
        self.model = model
        self.teacher = [teacher.eval().requires_grad_(False)]  # in a list: it is neither trained nor saved
        self.weight, self.hint_weight, self.teacher_size = weight, hint_weight, teacher_size
        self.project = nn.Conv2d(model.linear_head.in_features, teacher.linear_head.in_features, 1)

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Views in [0, 1] (B, 3, S, S) and labels (B) to the loss and the student's logits (B, K)."""
        features = self.model.features(self.model.normalize(pixels))  # B, C, h, w
        logits = self.model.head(features)  # B, K
        answers, hint = self.ask(pixels)
        loss = (1 - self.weight) * F.cross_entropy(logits, labels)
        loss = loss + self.weight * F.kl_div(logits.log_softmax(1), answers, reduction="batchmean", log_target=True)
        hint = F.adaptive_avg_pool2d(hint, features.shape[-2:])  # B, C', h, w
        distance = 1 - F.cosine_similarity(self.project(features), hint, dim=1)
        return loss + self.hint_weight * distance.mean(), logits

    @torch.no_grad()
    def ask(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The teacher's log-confidences (B, K) and last feature map (B, C', h', w')."""
        teacher = self.teacher[0].to(pixels.device)
        if pixels.shape[-1] < self.teacher_size:
            pixels = F.interpolate(pixels, size=(self.teacher_size, self.teacher_size), mode="bilinear")
        hint = teacher.features(teacher.normalize(pixels))
        return teacher.head(hint).log_softmax(1), hint
