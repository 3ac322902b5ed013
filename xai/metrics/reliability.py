"""ADCC: drop, coherency and complexity in one number, which is 0 for a map that covers everything."""

import torch
from torch import Tensor


def coherency(maps: Tensor, again: Tensor) -> Tensor:
    """Coherency of maps (N, …) in [0, 1]: the map of the photo seen through its map should be that map.

    Formula: `(ρ(CAM(x), CAM(x ⊙ CAM(x))) + 1) / 2`, ρ Pearson's correlation over the pixels; two constant maps agree,
    a constant and another one are uncorrelated.
    Paper: Poppi et al., Revisiting The Evaluation of Class Activation Mapping for Explainability, CVPRW 2021.
    """
    first, second = (m.flatten(1).double() for m in (maps, again))
    first, second = first - first.mean(1, keepdim=True), second - second.mean(1, keepdim=True)
    norms = first.norm(dim=1) * second.norm(dim=1)  # N
    flat = (first.abs().amax(1) < 1e-6) & (second.abs().amax(1) < 1e-6)
    correlation = ((first * second).sum(1) / norms).where(norms > 1e-12, flat.double())
    return (correlation.clamp(-1, 1) + 1) / 2


def complexity(maps: Tensor) -> Tensor:
    """Complexity of maps (N, …) with values in [0, 1], lower is better: how much of the photo they cover.

    Formula: `‖CAM(x)‖₁ / (HW)`.
    Paper: Poppi et al., CVPRW 2021.
    """
    return maps.flatten(1).double().mean(1)


def adcc(drop: Tensor, coherency: Tensor, complexity: Tensor) -> Tensor:
    """ADCC (N) in [0, 1], higher is better, from each photo's drop, coherency and complexity (N), all in [0, 1].

    Formula: `3 / (1/Coherency + 1/(1 − Complexity) + 1/(1 − Drop))`, 0 where one of the three is at its worst. (The
    authors' code leaves out the reciprocal.)
    Paper: Poppi et al., CVPRW 2021.
    """
    drop, coherency, complexity = map(torch.as_tensor, (drop, coherency, complexity))
    parts = torch.stack([coherency, 1 - complexity, 1 - drop])  # 3, N
    return 3 / (1 / parts.clamp(min=0)).sum(0)  # 1 / 0 is infinite, and 3 / infinite 0
