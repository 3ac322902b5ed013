"""How far a student agrees with the black box it imitates: on one photo, and over many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TOP = 5
LEAST = 1e-12  # a confidence of 0 would make the divergence infinite


@dataclass(frozen=True)
class Agreement:
    """What a black box and its student say of one photo.

    Attributes:
        teacher: up to five most confident classes of the black box, with their confidences, the surest first.
        student: the same of the student.
        divergence: `KL(t ‖ s)` of their confidences, in nats; 0 where they are the same.
    """

    teacher: list[tuple[str, float]]
    student: list[tuple[str, float]]
    divergence: float

    @property
    def agreed(self) -> int:
        """How many of the most confident classes are the same, in the same order; 0 where the first ones differ."""
        same = [t == s for (t, _), (s, _) in zip(self.teacher, self.student, strict=True)]
        return [*same, False].index(False)


def compare_answers(teacher: np.ndarray, student: np.ndarray, classes: Sequence[str]) -> Agreement:
    """From the confidences (K) of both."""
    first, second = (
        [(classes[k], float(row[k])) for k in rank_classes(row[None])[0, :TOP]] for row in (teacher, student)
    )
    return Agreement(first, second, float(measure_divergence(teacher[None], student[None])[0]))


def rank_classes(confidences: np.ndarray) -> np.ndarray:
    """Classes (N, K) by confidence (N, K), the surest first; of equals the first stays first."""
    return np.argsort(-confidences, axis=1, kind="stable")


def measure_divergence(teacher: np.ndarray, student: np.ndarray) -> np.ndarray:
    """`KL(t ‖ s) = Σ_k t_k (log t_k − log s_k)` (N) in nats, from confidences (N, K)."""
    t, s = (np.maximum(p.astype(np.float64), LEAST) for p in (teacher, student))
    return (t * (np.log(t) - np.log(s))).sum(1)


def compute_similarity(teacher: np.ndarray, student: np.ndarray, n: int) -> float:
    """Sim N in [0, 1]: the share of photos whose N most confident classes are the same, in the same order.

    Of (cat, fish, dog) and (cat, dog, fish) Sim 1 is 1 and Sim 2 is 0.
    """
    return float((rank_classes(teacher)[:, :n] == rank_classes(student)[:, :n]).all(1).mean())
