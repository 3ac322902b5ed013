"""What is minimised: a classifier with its loss as one module, so that accelerate wraps it whole."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from xai.models import Classifier
from xai.models.classifier import evaluating

LEAST = 1e-8  # a confidence of 0 would ask for a logit of minus infinity


class SupervisedLoss(nn.Module):
    """A classifier and cross-entropy with the labels: of its own logits and, with equal weight, of all its branches'.

    Args:
        model: the classifier.
        label_smoothing: share of the target spread over all classes.
    """

    def __init__(self, model: Classifier, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.model, self.label_smoothing = model, label_smoothing

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Views in [0, 1] (B, 3, S, S) and labels (B) to the loss and the logits (B, K)."""
        logits = self.model.all_logits(self.model.normalize(pixels))  # B, K each, the model's own first
        own, *others = (F.cross_entropy(each, labels, label_smoothing=self.label_smoothing) for each in logits)
        return sum(others, own), logits[0]


class TaughtLoss(nn.Module):
    """A classifier that also imitates a frozen teacher: its answers and its feature maps, on the same views.

    Formula: `(1 − w) CE(s, y) + w KL(t ‖ s) + h Σ_r mean (P_r f_s,r − z(f_t,r))²`, with `s`, `t` the two networks'
    confidences, `f_r` the last feature map each has at stride r, `z` the standardisation of each of its channels, and
    `P_r` a 1×1 convolution that is thrown away afterwards. A mean of 1 is a map not followed at all, 0 one reproduced.
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
        with evaluating(model), torch.no_grad():
            pixels = torch.zeros(1, 3, teacher_size, teacher_size, device=model.device)
            self.follow = HintLoss(read_maps_by_stride(model, pixels), read_maps_by_stride(teacher, pixels))

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Views in [0, 1] (B, 3, S, S) and labels (B) to the loss and the student's logits (B, K)."""
        features = read_maps_by_stride(self.model, self.model.normalize(pixels))  # B, C, S/r, S/r each
        logits = self.model.head(list(features.values())[-1])  # B, K
        answers, hints = self.ask_teacher(pixels)
        loss = (1 - self.weight) * F.cross_entropy(logits, labels)
        loss = loss + self.weight * F.kl_div(logits.log_softmax(1), answers, reduction="batchmean", log_target=True)
        return loss + self.hint_weight * self.follow(features, hints), logits

    @torch.no_grad()
    def ask_teacher(self, pixels: Tensor) -> tuple[Tensor, dict[int, Tensor]]:
        """The teacher's log-confidences (B, K) and, by stride, its feature maps (B, C', h', w')."""
        teacher = self.teacher[0].to(pixels.device)
        if pixels.shape[-1] < self.teacher_size:
            pixels = F.interpolate(pixels, size=(self.teacher_size, self.teacher_size), mode="bilinear")
        hints = read_maps_by_stride(teacher, teacher.normalize(pixels))
        return teacher.head(list(hints.values())[-1]).log_softmax(1), hints


class ImitationLoss(nn.Module):
    """A student that imitates a black box's confidences, and names the black box's class or the label.

    Formula: `Σ_T T² KL(t^(1/T) ‖ softmax(s/T)) + CE(s, c) + h Σ_r mean (P_r f_r − z(g_r))²`, with `t` the black box's
    confidences, raised to 1/T and made to sum to 1 again, `s` the student's logits, and `f_r`, `g_r` its and an open
    network's last feature maps at stride r, as in `TaughtLoss`. At T = 1 and h = 0 it is eq. 5 of Kang et al.
    Papers: Kang et al., Visual Explanation of Black-box Models Using Layer-wise Class Activation Maps from
    Approximating Neural Networks, 2021; Hinton et al., Distilling the Knowledge in a Neural Network, 2015;
    Romero et al., FitNets, ICLR 2015.

    Args:
        model: the student.
        temperatures: T, one term of the sum each.
        ask_class: leave the cross-entropy out where False.
        guide: an open network's feature maps by stride, of views in [0, 1]; None leaves them out.
        guide_weight: h.
    """

    def __init__(
        self,
        model: Classifier,
        temperatures: Sequence[float] = (1.0,),
        ask_class: bool = True,
        guide: Callable[[Tensor], dict[int, Tensor]] | None = None,
        guide_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.model, self.temperatures, self.ask_class = model, list(temperatures), ask_class
        self.guide, self.guide_weight, self.follow = [guide], guide_weight, None  # in a list: as the teacher above
        if guide:
            with evaluating(model), torch.no_grad():
                pixels = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device)
                self.follow = HintLoss(read_maps_by_stride(model, pixels), guide(pixels))

    def forward(self, pixels: Tensor, confidences: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """Views (B, 3, S, S) in [0, 1], the black box's confidences (B, K), classes (B) to loss and logits (B, K)."""
        features = read_maps_by_stride(self.model, self.model.normalize(pixels))  # B, C, S/r, S/r each
        logits = self.model.head(list(features.values())[-1])  # B, K
        loss = F.cross_entropy(logits, classes) if self.ask_class else logits.new_zeros(())
        for t in self.temperatures:
            loss = loss + t**2 * soft_divergence(confidences, logits, t)
        guide = self.guide[0]
        if self.follow is not None and guide is not None:
            loss = loss + self.guide_weight * self.follow(features, guide(pixels))
        return loss, logits


def soft_divergence(confidences: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """`KL(t^(1/T) ‖ softmax(s/T))`, the mean over the batch, of confidences (B, K) and logits (B, K)."""
    target = (confidences.clamp(min=LEAST).log() / temperature).log_softmax(1)
    answer = (logits.float() / temperature).log_softmax(1)
    return F.kl_div(answer, target, reduction="batchmean", log_target=True)


class HintLoss(nn.Module):
    """How far a network's feature maps are from another's, after a 1×1 convolution that is thrown away afterwards.

    Args:
        ours: the network's feature maps (1, C, h, w) by stride.
        hints: the other's; strides that only one of them has are left out.
    """

    def __init__(self, ours: dict[int, Tensor], hints: dict[int, Tensor]) -> None:
        super().__init__()
        self.project = nn.ModuleDict(
            {str(r): nn.Conv2d(ours[r].shape[1], hints[r].shape[1], 1) for r in ours if r in hints}
        )

    def forward(self, features: dict[int, Tensor], hints: dict[int, Tensor]) -> Tensor:
        """`Σ_r mean (P_r f_r − z(g_r))²` over strides r, of feature maps (B, C, S/r, S/r) by stride."""
        loss = next(iter(features.values())).new_zeros(())
        for r, project in self.project.items():
            ours = project(features[int(r)])  # B, C', S/r, S/r
            hint = F.adaptive_avg_pool2d(hints[int(r)], ours.shape[-2:])  # B, C', S/r, S/r
            std, mean = torch.std_mean(hint, dim=(0, 2, 3), keepdim=True)
            loss = loss + F.mse_loss(ours, (hint - mean) / (std + 1e-6))
        return loss


def read_maps_by_stride(model: Classifier, x: Tensor) -> dict[int, Tensor]:
    """The last feature map (B, C, h, w) at every stride, a power of two, that the model goes through on x."""
    found, side = {}, x.shape[-1]
    for layer in model.layers.values():
        x = layer(x)
        found[2 ** round(math.log2(side / x.shape[-1]))] = x
    return found
