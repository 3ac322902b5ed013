"""Eigen-CAM and Eigen-Grad-CAM: the first principal component of a layer."""

import torch
from torch import Tensor

from xai.activations import Activations
from xai.methods.registry import method


@method("eigencam", title="Eigen-CAM", source="muhammad2020", reads_class=False)
def eigencam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Eigen-CAM: what stands out in a layer whatever the class: no gradient, no target.

    Formula: `L = ReLU(A v₁)`, `v₁` the first right singular vector of the features as a matrix `A` (hw × C).
    Paper: Muhammad and Yeasin, Eigen-CAM: Class Activation Map using Principal Components, IJCNN 2020.
    """
    return project_on_first_component(batch.at(target_layer))


@method("eigengradcam", title="Eigen-Grad-CAM", source="muhammad2020")
def eigengradcam(batch: Activations, targets: Tensor | None, target_layer: str) -> Tensor:
    """Eigen-Grad-CAM: Eigen-CAM of features times gradients, so that it tells classes apart.

    Formula: `L^c = ReLU(G v₁)`, `v₁` the first right singular vector of `G = ∂y^c/∂A ⊙ A` as a matrix (hw × C).
    Paper: none; from the library pytorch-grad-cam (Gildenblat et al.), after Muhammad and Yeasin, IJCNN 2020.
    """
    return project_on_first_component(batch.gradients(target_layer, targets) * batch.at(target_layer))


def project_on_first_component(features: Tensor) -> Tensor:
    """The projection (B, h, w) of features (B, C, h, w) on their first right singular vector, rectified.

    A singular vector has no sign of its own: it gets the one with which the projection agrees with the features' sum.
    """
    matrix = features.flatten(2).transpose(1, 2)  # B, hw, C
    positions, channels = matrix.shape[1:]
    if positions <= channels:  # of the two Gram matrices the smaller one
        values, vectors = torch.linalg.eigh(matrix @ matrix.mT)  # B, hw  and  B, hw, hw
        projection = vectors[..., -1] * values[:, -1:].clamp(min=0).sqrt()  # B, hw
    else:
        _, vectors = torch.linalg.eigh(matrix.mT @ matrix)  # B, C, C
        projection = (matrix @ vectors[..., -1:])[..., 0]  # B, hw
    agreement = (projection * matrix.sum(2)).sum(1, keepdim=True)  # B, 1
    return (projection * agreement.sign()).relu().unflatten(1, features.shape[2:])
