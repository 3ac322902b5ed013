"""A classifier in an ONNX file as a black box, run by onnxruntime."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from xai.blackbox.blackbox import REASON, BlackBox
from xai.blackbox.onnx_colours import Colours, settle_colours
from xai.blackbox.onnx_form import LAYOUTS, Form, format_shape, list_forms, settle_size
from xai.blackbox.onnx_metadata import Metadata
from xai.blackbox.written import read_names, read_numbers, read_whole, read_yes
from xai.checks import check_numbers
from xai.photo import GREY

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT_SIZE = 224  # where the file takes any
PROBES = 4
SUM_TOLERANCE = 1e-3  # by which the confidences of half a precision may miss 1 in sum
READERS: dict[str, Callable[[str], object]] = {  # of the options that a host may write behind the file's name
    "classes": read_names,
    "input_size": read_whole,
    "mean": read_numbers,
    "std": read_numbers,
    "scale": read_numbers,
    "layout": str,
    "logits": read_yes,
    "sigmoid": read_yes,
    "output": str,
}


def from_onnx(
    file: str | PathLike,
    classes: Sequence[str] | None = None,
    input_size: int | None = None,
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    logits: bool | None = None,
    output: str | None = None,
    device: str | torch.device | None = None,
    name: str | None = None,
    scale: float | None = None,
    layout: str | None = None,
    sigmoid: bool = False,
) -> BlackBox:
    """A classifier that somebody exported: one input of photos, N×3×H×W or N×H×W×3, and an output (N, K).

    Formula: `confidences = output((scale · pixels − mean) / std)`, pixels in [0, 1], or its softmax where these are
    logits. A file that reads bytes gets `round(255 · pixels)`, one that reads one channel the luma of ITU-R BT.601.

    What its graph does not say may stand in its metadata: `classes`, `mean`, `std` and `scale`, as JSON, or as
    Ultralytics and others write them. What nobody says is assumed; the black box's `assumed` says what that is.

    Args:
        file: the ONNX file.
        classes: the names of the K classes; None takes those of the metadata, else "0" to "K-1".
        input_size: S in pixels, where the file takes any; None takes the metadata's, else 224.
        mean: of the input normalisation, one number or one each for red, green and blue, in the units of `scale`; None
            takes the metadata's, else ImageNet's, or 0 where `scale` is given or photos are grey. A file that
            normalises by itself needs 0, and a `std` of 1.
        std: likewise; without `mean` it is still ImageNet's mean that is assumed.
        logits: whether the output is logits. None asks it about four fixed pictures: with a number below 0 they are
            logits, with none and every row 1 in sum they are confidences, and else it is refused rather than guessed.
        output: which, of several; None takes the only one that is a table (N, K).
        device: "cpu" or a GPU; None takes a GPU if onnxruntime can use one.
        name: what it is called; None takes the file's.
        scale: what white is for the file, 1 or 255 for most; None takes the metadata's, else 1.
        layout: "nchw" or "nhwc"; None takes the one that the input's shape tells.
        sigmoid: the output is one number p a photo, the confidence in the second of two classes, or with `logits` its
            logit: the confidences are 1 − p and p.

    Raises:
        OSError: there is no such file, or it is damaged, or onnxruntime cannot run it.
        ValueError: it is no classifier of photos, or the options do not fit it.
        ImportError: onnxruntime is not installed.
    """
    check_choices(classes, logits, layout, sigmoid, input_size)
    session, shown, assumed = open_session(Path(file), device), Path(file).name, {}
    metadata, forms = Metadata(session, shown), list_forms(session, shown, layout)
    colours = settle_colours_of(forms[0], shown, mean, std, scale, metadata, assumed)
    forms = [settle_size(form, shown, input_size, metadata.sides, INPUT_SIZE, assumed) for form in forms]
    network = OnnxNetwork(session, shown, forms, colours, output, sigmoid)
    if len(forms) > 1:
        assumed["layout"] = network.form.layout
    probe = network(make_probes(network.form.input_size))  # 4, K; 4, 1 of a sigmoid
    names = settle_classes(2 if sigmoid else probe.shape[1], shown, classes, metadata, assumed)
    logits = settle_logits(logits, probe, shown, sigmoid, assumed)
    return BlackBox(
        lambda pixels: to_confidences(network(pixels), logits, sigmoid),
        names, name or Path(file).stem, network.form.input_size, assumed=assumed,
    )  # fmt: skip


def settle_colours_of(
    form: Form,
    shown: str,
    mean: float | Sequence[float] | None,
    std: float | Sequence[float] | None,
    scale: float | None,
    metadata: Metadata,
    assumed: dict[str, str],
) -> Colours | None:
    """How colours are normalised; None where the file reads bytes. Adds to `assumed` what nobody says.

    Raises:
        ValueError: it reads bytes, and somebody says how they are normalised.
    """
    if form.dtype is not np.uint8:
        return settle_colours(form.channels, mean, std, scale, metadata, assumed)
    if any(option is not None for option in (mean, std, scale)):
        raise ValueError(f"{shown} reads colours as bytes, so that mean, std and scale say nothing: leave them out")
    return None


def settle_classes(
    k: int, shown: str, classes: Sequence[str] | None, metadata: Metadata, assumed: dict[str, str]
) -> list[str]:
    """The names of K classes, from the option, the metadata, or else numbers, which are then among what is assumed.

    Raises:
        ValueError: there are more or fewer names than classes.
    """
    names = metadata.classes if classes is None else list(classes)
    if names is None:
        names, assumed["classes"] = [str(i) for i in range(k)], f"0…{k - 1}"
    if len(names) != k:
        raise ValueError(f"{shown} knows {k} classes, but {len(names)} names were given: name them by `classes`")
    return names


def settle_logits(logits: bool | None, probe: Tensor, shown: str, sigmoid: bool, assumed: dict[str, str]) -> bool:
    """Whether a file answers with logits; where nobody says it, by its answers to fixed pictures (4, K), (4, 1)."""
    if logits is None:
        logits = bool(probe.min() < 0 or probe.max() > 1) if sigmoid else are_logits(probe, shown)
        assumed["logits"] = str(logits).lower()
    return logits


def to_confidences(rows: Tensor, logits: bool, sigmoid: bool) -> Tensor:
    """What a file answers (N, K), or (N, 1) of a sigmoid, as confidences (N, K)."""
    if sigmoid:
        p = rows.sigmoid() if logits else rows
        return torch.cat([1 - p, p], dim=1)
    return rows.softmax(1) if logits else rows


def check_choices(classes: object, logits: object, layout: object, sigmoid: object, input_size: object) -> None:
    """Refuse options that are none of what can be chosen.

    Raises:
        ValueError: one is.
    """
    if isinstance(classes, str):
        raise ValueError(f"classes must be a list of names, not the one text {classes!r}")
    if layout is not None and layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}")
    for option, value in (("logits", logits), ("sigmoid", sigmoid)):
        if value is not None and value not in (True, False):
            raise ValueError(f"{option} must be True or False, not {value!r}")
    if input_size is not None:
        check_numbers("an ONNX file", input_size=(input_size, 1))


class OnnxNetwork:
    """What onnxruntime makes of pixels, on the CPU or a GPU.

    Args:
        session: an open ONNX file.
        name: what the file is called.
        forms: how it may read photos; the first that it can be asked in is kept as `form`.
        colours: the numbers it wants; None gives it bytes.
        output: the name of the output; None takes the only one that is a table (N, K).
        one_number: it answers with one number a photo, not with K.

    Raises:
        ValueError: it cannot be asked, or answers with no such table, or with several.
    """

    def __init__(
        self,
        session: "InferenceSession",
        name: str,
        forms: Sequence[Form],
        colours: Colours | None,
        output: str | None,
        one_number: bool,
    ) -> None:
        self.session, self.name, self.colours = session, name, colours
        outputs = [o.name for o in session.get_outputs()]
        if output is not None and output not in outputs:
            raise ValueError(f"{name} has no output {output!r}, only {', '.join(outputs)}")
        self.outputs = outputs if output is None else [output]
        self.form, self.output = self.find_table(forms, one_number)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [0, 1] to what the output says of them (N, K), float32."""
        x = self.form.fill(pixels, self.colours)
        batch_size, rows = self.form.batch or len(x), []
        for start in range(0, len(x), batch_size):
            part = x[start : start + batch_size]
            padding = np.zeros((batch_size - len(part), *part.shape[1:]), x.dtype)
            answer = self.run(np.concatenate([part, padding]), self.form, [self.output])[self.output]
            rows.append(answer.reshape(batch_size, -1)[: len(part)])
        return torch.from_numpy(np.concatenate(rows)).float()

    def run(self, x: np.ndarray, form: Form, outputs: Sequence[str]) -> dict[str, np.ndarray]:
        """What the file answers, by output, with an axis for photos also where it has none."""
        answers = [np.asarray(answer) for answer in self.session.run(outputs, {form.input: x[0] if form.alone else x})]
        if form.batch == 1:  # some answer it with K numbers and no axis for photos
            answers = [answer[None] if form.alone or answer.shape[:1] != (1,) else answer for answer in answers]
        return dict(zip(outputs, answers, strict=True))

    def find_table(self, forms: Sequence[Form], one_number: bool) -> tuple[Form, str]:
        """The first form in which it can be asked, and the name of the output that answers N photos with (N, K).

        Raises:
            ValueError: there is none, or there are several outputs of the kind.
        """
        failed, found = None, None
        for form in [each for possible in forms for each in free_batches(possible)]:
            photos = form.batch or PROBES
            pictures = make_probes(form.input_size).repeat(-(-photos // PROBES), 1, 1, 1)[-photos:]
            x = form.fill(pictures, self.colours)
            try:
                answers = self.run(x, form, self.outputs)
                last = self.run(x[-1:], form, self.outputs) if form.batch is None else {}
            except Exception as error:  # onnxruntime's errors have no base class of their own
                failed = failed or error
                continue
            tables = find_tables(answers, photos, one_number)
            if len(tables) == 1 and all(
                np.allclose(last[table], answers[table][-1:], 1e-2, 1e-3, equal_nan=True) for table in tables if last
            ):
                return form, tables[0]
            found = found or (photos, answers, tables)
        if found is None:
            size = f"{forms[0].height}×{forms[0].width}"
            raise ValueError(
                f"{self.name} fails when it is asked about photos of {size} pixels: say which `input_size` or `layout` "
                "it was made for, if its input leaves them open"
            ) from failed
        photos, answers, tables = found
        if len(tables) == 1:
            raise ValueError(f"{self.name} answers otherwise about a photo alone than about the same among others")
        shapes = ", ".join(f"{name} {format_shape(answer.shape)}" for name, answer in answers.items())
        raise ValueError(f"{self.name} answers {photos} photos with {shapes}: {give_advice(answers, photos, tables)}")


def free_batches(form: Form) -> list[Form]:
    """A form, and the same with one photo a question, for a file that takes any number by its shape alone."""
    return [form] if form.batch else [form, replace(form, batch=1)]


def find_tables(answers: dict[str, np.ndarray], photos: int, one_number: bool) -> list[str]:
    """The outputs with K numbers for each photo, or where wanted with one: those (N, K), else those (N, K, 1, 1)."""
    rows = {
        name: answer.ndim
        for name, answer in answers.items()
        if answer.dtype.kind == "f"
        and answer.ndim > (0 if one_number else 1)
        and len(answer) == photos
        and answer[0].size == max(answer.shape[1:], default=1)  # all axes but one are 1
        and (answer[0].size == 1) == one_number
    }
    return [name for name, axes in rows.items() if axes == 2] or list(rows)


def give_advice(answers: dict[str, np.ndarray], photos: int, tables: list[str]) -> str:
    """What to do about outputs of which none, or more than one, is a classifier's."""
    if tables:
        return "say which `output`"
    if find_tables(answers, photos, one_number=True):
        return (
            "one number a photo is no answer of a classifier; if it is the confidence in the second of two classes, as "
            "behind a sigmoid, say `sigmoid=True` and name both by `classes`"
        )
    return "a classifier answers one row of numbers a photo"


def open_session(file: Path, device: str | torch.device | None) -> "InferenceSession":
    """A session on a GPU or the CPU.

    Raises:
        OSError: there is no such file, or it is damaged, or onnxruntime cannot run it.
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
    if device is None:
        device = "cuda" if gpu else "cpu"
    device = torch.device(device)
    if device.type != "cpu" and not (gpu and device.type == "cuda"):
        raise ValueError(f"this onnxruntime cannot compute on {device}: its GPU version is a package of its own")
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.type == "cuda":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": device.index or 0}))
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4  # what fails is told by our own sentences
    try:
        return onnxruntime.InferenceSession(file, settings, providers)
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise OSError(f"{file} {try_session(str(error))}") from error


def try_session(message: str) -> str:
    """What onnxruntime's message about a file means."""
    reason = " ".join(message.split())
    if "rotobuf" in reason:  # it finds no such message in the file, or no graph in the message
        return "is no ONNX file, or a damaged one"
    if "xternal" in reason:
        return "keeps its weights in another file, which is missing beside it or damaged"
    return f"is an ONNX file that this onnxruntime cannot run: {reason[:REASON]}"


def make_probes(input_size: int) -> Tensor:
    """Four fixed pictures (4, 3, S, S): black, white, grey and noise."""
    noise = torch.rand(3, input_size, input_size, generator=torch.Generator().manual_seed(0))
    grey = torch.tensor(GREY).view(3, 1, 1).expand_as(noise)
    return torch.stack([torch.zeros_like(noise), torch.ones_like(noise), grey, noise])


def are_logits(rows: Tensor, name: str) -> bool:
    """Whether answers (N, K) are logits rather than confidences.

    Raises:
        ValueError: they look like neither, as those of a network with several labels a photo do.
    """
    rows = rows[rows.isfinite().all(1)]  # a file that divides by the contrast has no answer for plain pictures
    if not len(rows):
        raise ValueError(f"{name} answers with numbers that are not finite, whatever it is shown")
    if rows.min() < -SUM_TOLERANCE:
        return True
    sums = rows.sum(1)
    if (sums - 1).abs().max() <= SUM_TOLERANCE:
        return False
    if rows.max() <= 1 + SUM_TOLERANCE:
        raise ValueError(
            f"{name} answers with numbers from 0 to 1 that are not 1 in sum, as several independent yes-or-no answers "
            "(sigmoids) are; a black box must give confidences that are 1 in sum"
        )
    if len(rows) > 1 and (sums / sums[0] - 1).abs().max() <= 10 * SUM_TOLERANCE:
        raise ValueError(
            f"{name} answers with numbers that are {float(sums.mean()):.4g} in sum, whatever it is shown; a black box "
            "must give confidences that are 1 in sum"
        )
    raise ValueError(
        f"{name} answers with numbers that are not surely logits, as none is below 0, and no confidences, "
        "which are 1 in sum: say `logits=True` if logits they are"
    )
