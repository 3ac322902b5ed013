"""Deletion and insertion once more, as RISE's evaluation does them: one photo, in normalised space, pixels in place."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def kernel(side, sigma):
    """(3, 3, side, side): a colour's own channel is blurred, no other one is mixed in."""
    dirac = np.zeros((side, side))
    dirac[side // 2, side // 2] = 1
    blur = gaussian_filter(dirac, sigma)
    weights = np.zeros((3, 3, side, side))
    for channel in range(3):
        weights[channel, channel] = blur
    return torch.from_numpy(weights.astype("float32"))


def normalized(pixels):
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def game(model, pixels, saliency, mode, step):
    """The curve of one photo (1, 3, S, S) in [0, 1]; `model` takes normalised photos to probabilities."""
    photo = normalized(pixels.double()).float()
    side = photo.shape[-1]
    target = model(photo).argmax().item()
    steps = (side * side + step - 1) // step
    if mode == "del":
        start, finish = photo.clone(), torch.zeros_like(photo)
    else:
        start, finish = F.conv2d(photo, kernel(11, 5), padding=5), photo.clone()
    order = np.flip(np.argsort(saliency.ravel()))
    scores = np.empty(steps + 1)
    shown, becomes = start.numpy().copy().reshape(3, -1), finish.numpy().reshape(3, -1)
    for i in range(steps + 1):
        scores[i] = model(torch.from_numpy(shown).view(1, 3, side, side))[0, target].item()
        if i < steps:
            coordinates = order[step * i : step * (i + 1)]
            shown[:, coordinates] = becomes[:, coordinates]
    return scores


def auc(scores):
    return (scores.sum() - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)
