"""The baselines once more, as their authors' code computes them: every mask at once, a question a photo, in NumPy."""

import numpy as np
import torch
from skimage.transform import resize
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances


def rise(answer, photo, grids, shifts, p, substrate):
    """The map (S, S) of a photo (3, S, S) from grids (N, s, s) and shifts (N, 2); `answer`: a photo to a confidence."""
    side, cells = photo.shape[1], grids.shape[1]
    cell = np.ceil(side / cells)
    up_size = ((cells + 1) * cell, (cells + 1) * cell)
    masks = np.empty((len(grids), side, side))
    for i, (x, y) in enumerate(shifts):
        up = resize(grids[i].astype("float64"), up_size, order=1, mode="reflect", anti_aliasing=False)
        masks[i] = up[x : x + side, y : y + side]
    colour = np.array(substrate)[:, None, None]
    confidences = np.array([answer(mask * photo + (1 - mask) * colour) for mask in masks])
    return np.tensordot(confidences, masks, axes=1) / len(masks) / p


def lime(answer, photo, segments, seen, kernel_width, alpha, substrate):
    """The map (S, S) of a photo (3, S, S) from its superpixels (S, S) and which are seen in each sample (N, d)."""
    hidden = photo.copy()
    for segment in np.unique(segments):
        for channel in range(3):
            mean = photo[channel][segments == segment].mean()
            hidden[channel][segments == segment] = mean if substrate is None else substrate[channel]
    confidences = []
    for row in seen:
        shown = photo.copy()
        for segment in np.flatnonzero(row == 0):
            shown[:, segments == segment] = hidden[:, segments == segment]
        confidences.append(answer(shown))
    distances = pairwise_distances(seen, seen[0].reshape(1, -1), metric="cosine").ravel()
    near = np.sqrt(np.exp(-(distances**2) / kernel_width**2))
    first = Ridge(alpha=0.01).fit(seen, confidences, sample_weight=near)
    chosen = np.argsort(-np.abs(first.coef_ * seen[0]))[:100_000]
    second = Ridge(alpha=alpha).fit(seen[:, chosen], confidences, sample_weight=near)
    painted = np.zeros(segments.shape)
    for segment, weight in zip(chosen, second.coef_, strict=True):
        painted[segments == segment] = weight
    return painted


def gaussian(side, deviation):
    matrix = np.zeros((side, side))
    for i in range(side):
        for j in range(side):
            matrix[i, j] = np.exp(-((i - j) ** 2) / (2 * deviation**2))
        matrix[i] /= matrix[i].sum()
    return matrix


def variation(mask, power):
    """The gradient of `Σ |∇m|^β`, number by number."""
    gradient = np.zeros_like(mask)
    for i in range(len(mask)):
        for j in range(len(mask)):
            below = mask[i + 1, j] - mask[i, j] if i + 1 < len(mask) else 0
            right = mask[i, j + 1] - mask[i, j] if j + 1 < len(mask) else 0
            length = np.sqrt(below**2 + right**2)
            slope = power * length ** (power - 2)
            if below:
                gradient[i + 1, j] += slope * below
            if right:
                gradient[i, j + 1] += slope * right
            gradient[i, j] -= slope * (below + right)
    return gradient


def mask(model, photo, target, corners, jitter, rate, betas, l1, tv, power, cell, blurs, disc_step, left):
    """The map (S, S) of a photo (3, S, S), for a model in float64; `corners` are those of the crops."""
    side = photo.shape[1]
    of_mask, of_photo, of_disc = (gaussian(side, deviation) for deviation in blurs)
    blurred = of_photo @ photo @ of_photo.T

    def confidence_and_gradient(shown):
        x = torch.from_numpy(shown)[None].requires_grad_()
        confidence = model((x - model.mean) / model.std).softmax(1)[0, target]
        return confidence.item(), torch.autograd.grad(confidence, x)[0][0].numpy()

    def seen_through(mask, photo, blurred):
        return mask * photo + (1 - mask) * blurred

    discs, confidences = [], []
    for radius in np.arange(0, 175, disc_step) * side / 224:
        y, x = np.ogrid[-(side // 2) : side - side // 2, -(side // 2) : side - side // 2]
        disc = (x**2 + y**2 <= radius**2).astype(float)
        discs.append(1 - of_disc @ disc @ of_disc.T)
        confidences.append(confidence_and_gradient(seen_through(discs[-1], photo, blurred))[0])
    whole = confidence_and_gradient(photo)[0]
    shares = (np.array(confidences) - confidences[-1]) / (whole - confidences[-1])
    m = discs[np.flatnonzero(shares < left)[0]][cell // 2 :: cell, cell // 2 :: cell].copy()

    first, second = np.zeros_like(m), np.zeros_like(m)
    wide = [
        torch.nn.functional.interpolate(torch.from_numpy(p)[None], size=side + jitter, mode="bilinear")[0].numpy()
        for p in (photo, blurred)
    ]
    for t, (top, start) in enumerate(corners, start=1):
        crop, hidden = (p[:, top : top + side, start : start + side] for p in wide)
        up = of_mask @ np.repeat(np.repeat(m, cell, 0), cell, 1) @ of_mask.T
        _, dx = confidence_and_gradient(seen_through(up, crop, hidden))
        dm = of_mask.T @ (dx * (crop - hidden)).sum(0) @ of_mask
        dm = dm.reshape(len(m), cell, len(m), cell).sum((1, 3))
        gradient = dm + l1 * np.sign(m - 1) + tv * variation(m, power)
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient**2
        m -= rate / (np.sqrt(second / (1 - betas[1] ** t)) + 1e-8) * first / (1 - betas[0] ** t)
        m = np.clip(m, 0, 1)
    return 1 - of_mask @ np.repeat(np.repeat(m, cell, 0), cell, 1) @ of_mask.T
