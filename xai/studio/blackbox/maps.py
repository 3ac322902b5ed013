"""The three maps of a student: of its attention, of its evidence, and of both together."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from torch import Tensor

from xai.methods import METHODS
from xai.methods.distilled import Operator, Sign, combine_parts, soften
from xai.noise import varies_little

OPERATORS, SIGNS = get_args(Operator), get_args(Sign)
EXTRAS = ("scaled", "unit", "softmax")


@dataclass(frozen=True)
class Choice:
    """What enters the distilled map, and how: the options of `xai.methods.distilled`."""

    blocks: tuple[int, ...]
    stages: tuple[int, ...]
    operator: Operator
    sign: Sign
    scaled: bool
    unit: bool
    softmax: bool


DEFAULT_CHOICE = Choice(**METHODS["distilled"].defaults)


@dataclass(frozen=True)
class StudentMaps:
    """All that one pass of a student gives for any choice: maps (1, S, S) of the 16 blocks and of the four stages.

    Attributes:
        attention: a map for each block, by sign: "signed" or "absolute".
        evidence: a map for each stage.
        seconds: how long the pass took.
    """

    attention: dict[str, list[Tensor]]
    evidence: list[Tensor]
    seconds: float

    def get_attention(self, sign: str) -> list[Tensor]:
        """A map for each block, by any of the signs."""
        return [-m for m in self.attention["signed"]] if sign == "negated" else self.attention[sign]

    def combine(self, choice: Choice) -> list[np.ndarray | None]:
        """The maps (S, S) of attention, of evidence and of both together, as in figure 5 of Kang et al. 2021.

        A map that nothing enters is None; one that cannot be told from the same value everywhere is zero.
        """
        attention = [self.get_attention(choice.sign)[block - 1] for block in choice.blocks]
        evidence = [self.evidence[stage - 1] for stage in choice.stages]
        pairs = (attention, []), ([], evidence), (attention, evidence)
        maps = [
            combine_parts(*pair, choice.operator, choice.scaled, choice.unit) if any(pair) else None for pair in pairs
        ]
        blank = [m is not None and bool(varies_little(m.flatten(1), m.abs().amax()[None])) for m in maps]
        if choice.softmax and maps[-1] is not None:
            maps[-1] = soften(maps[-1])
        maps = [m if m is None or not empty else torch.zeros_like(m) for m, empty in zip(maps, blank, strict=True)]
        return [m if m is None else m[0].numpy() for m in maps]
