"""Channel attention."""

from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """The scale of every channel, from all channels' means.

    Formula: `s = sigmoid(W2 ReLU(W1 GAP(f)))`, with `W1: C → C / reduction` and `W2` back, both without bias.
    Paper: Hu et al., Squeeze-and-Excitation Networks, CVPR 2018.

    It returns the scale, not the scaled features, so that one scale can serve several blocks.

    Args:
        channels: C.
        reduction: how much narrower the bottleneck is.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction, bias=False)
        self.excite = nn.Linear(channels // reduction, channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Features (B, C, h, w) to scales (B, C, 1, 1) in (0, 1)."""
        mean = features.mean(dim=(2, 3))  # B, C
        scale = self.excite(self.squeeze(mean).relu()).sigmoid()  # B, C
        return scale[:, :, None, None]  # B, C, 1, 1
