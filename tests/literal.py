"""The formulas once more, one photo and channel at a time, the graph over the whole network: slow, easy to check."""

import numpy as np
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from xai.activations import Activations


def features_and_gradients(model, x, target, layer, score=None):
    """A layer's features and the gradients of a score, by default the target's logit, at them: (C, h, w) float64."""
    batch = Activations(model, x)
    features = batch.at(layer) if layer != "input" else x.clone().requires_grad_()
    if layer == "input":
        logits = model(features)[0]
    else:
        features.retain_grad()
        logits = model.tail(features, layer, batch.beside([layer]))[0]
    (logits[target] if score is None else score(logits)).backward()
    model.zero_grad()
    return features.detach()[0].double().numpy(), features.grad[0].double().numpy()


def weighted_sum(weights, features):
    total = np.zeros(features.shape[1:])
    for weight, channel in zip(weights, features, strict=True):
        total += weight * channel
    return np.maximum(total, 0)


def cam(model, x, target, layer):
    features, _ = features_and_gradients(model, x, target, layer)
    total = np.zeros(features.shape[1:])
    for weight, channel in zip(model.linear_weights(layer)[target].tolist(), features, strict=True):
        total += weight * channel
    return total


def gradcam(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    return weighted_sum([g.sum() / g.size for g in gradients], features)


def gradcam_pp(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    weights = []
    for a, g in zip(features, gradients, strict=True):
        g = g[g > 0]
        alpha = g**2 / (2 * g**2 + a.sum() * g**3)
        weights.append((alpha * g).sum())
    return weighted_sum(weights, features)


def noisy(x, samples, noise, seed, at_once=4):
    generator = torch.Generator().manual_seed(seed)
    sigma = noise * (x.max() - x.min())
    for start in range(0, samples, at_once):
        for normal in torch.randn(min(at_once, samples - start), *x.shape[1:], generator=generator):
            yield x + sigma * normal


def smooth_gradcam_pp(model, x, target, layer, samples=16, noise=0.15, seed=0):
    with torch.no_grad():
        features = Activations(model, x).at(layer)[0].double().numpy()
    all_gradients = [features_and_gradients(model, n, target, layer)[1] for n in noisy(x, samples, noise, seed)]
    first, second, third = (np.mean([g**p for g in all_gradients], axis=0) for p in (1, 2, 3))
    weights = []
    for k, a in enumerate(features):
        d1, d2, d3 = (d[k][first[k] > 0] for d in (first, second, third))
        weights.append((d2 / (2 * d2 + a.sum() * d3) * d1).sum())
    return weighted_sum(weights, features)


def smoothgrad(model, x, target, layer, samples=16, noise=0.15, seed=0):
    total = sum(features_and_gradients(model, n, target, layer)[1] for n in noisy(x, samples, noise, seed)) / samples
    sensitivity = sum(np.abs(channel) for channel in total)
    return np.minimum(sensitivity, np.percentile(sensitivity, 99))


def xgradcam(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    weights = [(gs * fs / fs.sum()).sum() if fs.sum() else 0 for gs, fs in zip(gradients, features, strict=True)]
    return weighted_sum(weights, features)


def hirescam(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    return np.maximum(sum(g * a for g, a in zip(gradients, features, strict=True)), 0)


def layercam(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    return np.maximum(sum(np.maximum(g, 0) * a for g, a in zip(gradients, features, strict=True)), 0)


def finercam(model, x, target, layer):
    with torch.no_grad():
        logits = model(x)[0]
    rivals = sorted((k for k in range(len(logits)) if k != target), key=lambda k: -logits[k].item())[:3]
    weights = np.exp([logits[k].item() for k in rivals])
    weights /= weights.sum()

    def lead(logits):
        return logits[target] - sum(w * logits[k] for w, k in zip(weights, rivals, strict=True))

    features, gradients = features_and_gradients(model, x, target, layer, lead)
    return weighted_sum([g.sum() / g.size for g in gradients], features)


def principal(tensor):
    matrix = np.stack([channel.ravel() for channel in tensor], axis=1)  # hw, C
    projection = matrix @ np.linalg.svd(matrix, full_matrices=False)[2][0]
    if projection @ matrix.sum(1) < 0:
        projection = -projection
    return np.maximum(projection, 0).reshape(tensor.shape[1:])


def eigencam(model, x, target, layer):
    return principal(features_and_gradients(model, x, target, layer)[0])


def eigengradcam(model, x, target, layer):
    features, gradients = features_and_gradients(model, x, target, layer)
    return principal(features * gradients)


@torch.no_grad()
def ablationcam(model, x, target, layer):
    batch = Activations(model, x)
    features = batch.at(layer)
    score, weights = model(x)[0, target].item(), []
    for k in range(features.shape[1]):
        without = features.clone()
        without[0, k] = 0
        weights.append((score - model.tail(without, layer, batch.beside([layer]))[0, target].item()) / abs(score))
    return weighted_sum(weights, features[0].double().numpy())


@torch.no_grad()
def scorecam(model, x, target, layer):
    features = Activations(model, x).at(layer)
    scores = []
    for k in range(features.shape[1]):
        mask = torch.nn.functional.interpolate(features[:, k : k + 1], x.shape[2:], mode="bilinear")
        span = mask.max() - mask.min()
        mask = (mask - mask.min()) / span if span > 0 else torch.zeros_like(mask)
        scores.append(model(x * mask)[0, target].item())
    weights = np.exp(np.array(scores) - max(scores))
    return weighted_sum(weights / weights.sum(), features[0].double().numpy())


@torch.no_grad()
def scorecam_fast(model, x, target, layer, channels=40):
    features = Activations(model, x).at(layer)[0].double().numpy()
    masks, scores, asked = [], {}, []
    for channel in features:
        span = channel.max() - channel.min()
        masks.append((channel - channel.min()) / span if span else 0 * channel)
    masks = np.array(masks)
    alike = np.array([[np.exp(-np.mean((a - b) ** 2) / (2 * 0.3**2)) for b in masks] for a in masks])
    effect = np.array([np.linalg.norm(channel - channel.mean()) for channel in features])
    while len(asked) < min(channels, np.count_nonzero(effect)):
        across = alike[:, asked]
        known = alike[np.ix_(asked, asked)] + 0.05 * np.eye(len(asked))
        variance = np.array([1 - row @ np.linalg.solve(known, row) for row in across])
        gain = variance * effect
        gain[asked] = -1
        asked.append(int(gain.argmax()))
    for k in asked:
        mask = torch.nn.functional.interpolate(torch.from_numpy(features[k])[None, None], x.shape[2:], mode="bilinear")
        mask = (mask - mask.min()) / (mask.max() - mask.min())
        scores[k] = model(x * mask)[0, target].item()
    told = np.array([scores[k] for k in asked])
    process = GaussianProcessRegressor(RBF(0.3 * np.sqrt(masks[0].size)), alpha=0.05, optimizer=None)
    process.fit(masks[asked].reshape(len(asked), -1), told - told.mean())
    guesses = np.minimum(told.mean() + process.predict(masks.reshape(len(masks), -1)), told.max())
    final = np.array([scores.get(k, guess) for k, guess in enumerate(guesses)])
    weights = np.exp(final - final.max())
    return weighted_sum(weights / weights.sum(), features)


@torch.no_grad()
def attention(model, x, target, layer):
    """The official attention branch, operation by operation, at the features before attention."""
    branch, f = model.branches[layer], model.feature_pyramid(x)[layer]
    conv1, bn1, _, conv2, bn2 = branch.features
    f = bn2(conv2(torch.relu(bn1(conv1(f)))))
    conv, bn, _ = branch.class_maps
    maps = torch.relu(bn(conv(f)))
    weight = branch.attention.weight.abs()
    return (1 / (1 + torch.exp(-branch.scale(torch.nn.functional.conv2d(maps, weight, padding=1)))))[0, 0].numpy()


def average_drop(before, after):
    return 100 * np.mean([max(0, y - o) / y for y, o in zip(before, after, strict=True)])


def increase_in_confidence(before, after):
    return 100 * np.mean([1 if y < o else 0 for y, o in zip(before, after, strict=True)])


def average_gain(before, after):
    return 100 * np.mean([max(0, o - y) / (1 - y) for y, o in zip(before, after, strict=True)])


def adcc(drop, first, second):
    """ADCC of one photo, from its drop in [0, 1], its map and the map of the photo seen through it."""
    coherency = (np.corrcoef(first.ravel(), second.ravel())[0, 1] + 1) / 2
    return 3 / (1 / coherency + 1 / (1 - np.abs(first).sum() / first.size) + 1 / (1 - drop))
