"""A classifier in an ONNX file as a black box, run by onnxruntime."""

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from xai.blackbox.blackbox import GREY, REASON, BlackBox

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

IMAGENET_STD = (0.229, 0.224, 0.225)
INPUT_SIZE = 224  # where the file takes any
PROBES = 4
SUM_TOLERANCE = 1e-3  # by which the confidences of half a precision may miss 1 in sum
DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def from_onnx(
    file: str | PathLike,
    classes: Sequence[str] | None = None,
    input_size: int | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    logits: bool | None = None,
    output: str | None = None,
    device: str | torch.device | None = None,
    name: str | None = None,
) -> BlackBox:
    """A classifier that somebody exported: one input of photos (N, 3, S, S), an output (N, K).

    Formula: `confidences = output((pixels − mean) / std)`, or its softmax where these are logits.

    What a file cannot say by its graph it can say by its metadata: `classes`, `mean` and `std` are read from there as
    JSON lists, so that a file describes itself.

    Args:
        file: the ONNX file.
        classes: the names of the K classes; None takes those of the metadata, else "0" to "K-1".
        input_size: S in pixels, where the file takes any; None is 224 then.
        mean: of the input normalisation, for red, green and blue in [0, 1]; None takes the metadata's, else ImageNet's,
            with which most networks were trained. A file that normalises by itself needs 0, and a `std` of 1.
        std: likewise.
        logits: whether the output is logits. None asks it about four fixed pictures: with a number below 0 they are
            logits, with none and every row 1 in sum they are confidences, and else it is refused rather than guessed.
        output: which, of several; None takes the only one that is a table (N, K).
        device: "cpu" or a GPU; None takes a GPU if onnxruntime can use one.
        name: what it is called; None takes the file's.

    Raises:
        OSError: there is no such file, or it is damaged.
        ValueError: it is no classifier of RGB photos, or the options do not fit it.
        ImportError: onnxruntime is not installed.
    """
    session = opened(Path(file), device)
    metadata = {key: described(Path(file), session, key) for key in ("classes", "mean", "std")}
    mean, std = mean or metadata["mean"] or GREY, std or metadata["std"] or IMAGENET_STD
    network = OnnxNetwork(session, Path(file).name, input_size, mean, std, output)

    probe = network(probes(network.input_size))  # 4, K
    classes = classes or metadata["classes"] or [str(i) for i in range(probe.shape[1])]
    if len(classes) != probe.shape[1]:
        raise ValueError(f"{network.name} knows {probe.shape[1]} classes, but {len(classes)} names were given")
    if logits is None:
        logits = are_logits(probe, network.name)

    def answer(pixels: Tensor) -> Tensor:
        return network(pixels).softmax(1) if logits else network(pixels)

    return BlackBox(answer, classes, name or Path(file).stem, network.input_size)


class OnnxNetwork:
    """What onnxruntime makes of pixels, on the CPU or a GPU.

    Args:
        session: an open ONNX file.
        name: what the file is called.
        input_size: S in pixels; None takes the file's own, or 224.
        mean, std: of the input normalisation.
        output: the name of the output; None takes the only one that is a table (N, K).

    Raises:
        ValueError: it is no classifier of RGB photos, or the options do not fit it.
    """

    def __init__(
        self,
        session: "InferenceSession",
        name: str,
        input_size: int | None,
        mean: Sequence[float],
        std: Sequence[float],
        output: str | None,
    ) -> None:
        inputs = session.get_inputs()
        shapes = ", ".join(f"{i.type} {'×'.join(map(str, i.shape))}" for i in inputs)
        if len(inputs) != 1 or inputs[0].type not in DTYPES or len(inputs[0].shape) != 4:
            raise ValueError(f"{name} must read one tensor(float) N×3×S×S, but reads {shapes}")
        batch, channels, *sides = (size if isinstance(size, int) else None for size in inputs[0].shape)
        fixed = {side for side in sides if side is not None}
        if channels not in (3, None) or len(fixed) > 1:
            raise ValueError(f"{name} must read one tensor(float) N×3×S×S, but reads {shapes}")
        if input_size and fixed and fixed != {input_size}:
            raise ValueError(f"{name} reads photos of {fixed.pop()} pixels a side, not {input_size}")
        self.session, self.name, self.input, self.dtype = session, name, inputs[0].name, DTYPES[inputs[0].type]
        self.batch = batch  # None: any
        self.input_size = input_size or (fixed.pop() if fixed else INPUT_SIZE)
        self.mean, self.std = (torch.tensor(values, dtype=torch.float32).view(3, 1, 1) for values in (mean, std))
        self.output = self.table(output)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [0, 1] to what the output says of them (N, K), float32."""
        x = ((pixels.cpu() - self.mean) / self.std).numpy().astype(self.dtype)
        if self.batch is None:
            return torch.from_numpy(self.run(x, [self.output])[0]).float()
        rows = []
        for start in range(0, len(x), self.batch):
            part = x[start : start + self.batch]
            padding = np.zeros((self.batch - len(part), *part.shape[1:]), self.dtype)
            rows.append(self.run(np.concatenate([part, padding]), [self.output])[0][: len(part)])
        return torch.from_numpy(np.concatenate(rows)).float()

    def run(self, x: np.ndarray, outputs: list[str]) -> list[np.ndarray]:
        return self.session.run(outputs, {self.input: x})

    def table(self, wanted: str | None) -> str:
        """The name of the output that answers N photos with (N, K)."""
        names = [o.name for o in self.session.get_outputs()]
        if wanted is not None and wanted not in names:
            raise ValueError(f"{self.name} has no output {wanted!r}, only {', '.join(names)}")
        photos = self.batch or PROBES
        x = np.zeros((photos, 3, self.input_size, self.input_size), self.dtype)
        try:
            answers = dict(zip(names, self.run(x, names), strict=True))
        except Exception as error:  # onnxruntime's errors have no base class of their own
            size, reason = "×".join(map(str, x.shape)), " ".join(str(error).split())[:REASON]
            raise ValueError(f"{self.name} cannot read {size}: {reason}") from error
        shapes = {name: np.shape(answer) for name, answer in answers.items() if wanted in (name, None)}
        tables = [name for name, shape in shapes.items() if len(shape) == 2 and shape[0] == photos and shape[1] > 1]
        if len(tables) != 1:
            found = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in shapes.items())
            remedy = "say which `output`" if tables else "a classifier answers one row of numbers a photo"
            raise ValueError(f"{self.name} answers {photos} photos with {found}: {remedy}")
        return tables[0]


def opened(file: Path, device: str | torch.device | None) -> "InferenceSession":
    """A session on a GPU or the CPU.

    Raises:
        OSError: there is no such file, or it is damaged.
        ValueError: onnxruntime cannot use this device.
        ImportError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError("an ONNX file needs onnxruntime: pip install onnxruntime") from error
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    device = torch.device(device or ("cuda" if gpu else "cpu"))
    if device.type != "cpu" and not (gpu and device.type == "cuda"):
        raise ValueError(f"this onnxruntime cannot compute on {device}: its GPU version is a package of its own")
    providers = ["CPUExecutionProvider"]
    if device.type == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    try:
        return onnxruntime.InferenceSession(file, providers=providers)
    except Exception as error:  # onnxruntime's errors have no base class of their own
        reason = " ".join(str(error).split())[:REASON]
        raise OSError(f"{file} is no ONNX file, or a damaged one: {reason}") from error


def described(file: Path, session: "InferenceSession", key: str) -> list | None:
    """A list that the file's metadata gives.

    Raises:
        ValueError: it gives something else there.
    """
    text = session.get_modelmeta().custom_metadata_map.get(key)
    if text is None:
        return None
    kind = str if key == "classes" else (int, float)
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    fits = isinstance(values, list) and all(isinstance(value, kind) for value in values)
    if not fits or (key != "classes" and len(values) != 3):
        raise ValueError(f"the metadata of {file.name} must give {key} as a JSON list, but gives {text[:80]!r}")
    return values


def probes(input_size: int) -> Tensor:
    """Four fixed pictures (4, 3, S, S): black, white, grey and noise."""
    noise = torch.rand(3, input_size, input_size, generator=torch.Generator().manual_seed(0))
    grey = torch.tensor(GREY).view(3, 1, 1).expand_as(noise)
    return torch.stack([torch.zeros_like(noise), torch.ones_like(noise), grey, noise])


def are_logits(rows: Tensor, name: str) -> bool:
    """Whether answers (N, K) are logits rather than confidences.

    Raises:
        ValueError: they look like neither, as those of a network with several labels a photo do.
    """
    if rows.min() < -SUM_TOLERANCE:
        return True
    if (rows.sum(1) - 1).abs().max() <= SUM_TOLERANCE:
        return False
    raise ValueError(
        f"{name} answers with numbers that are not surely logits, as none is below 0, and no confidences, "
        "which are 1 in sum: say `logits=True` if logits they are"
    )
