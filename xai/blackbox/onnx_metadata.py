"""What an ONNX file says of itself beside its graph."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from xai.blackbox.written import is_index, read_names, read_numbers, read_value

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# What files call it; the first is what this package documents.
NAMES = ("classes", "names", "id2label", "labels", "class_names", "label_names", "label2id", "class_to_idx")
MEANS, STDS = ("mean", "image_mean"), ("std", "image_std")

Read = TypeVar("Read")


class Metadata:
    """What a file says of itself; each property is None where it says nothing.

    Args:
        session: an open ONNX file.
        name: what the file is called.
    """

    def __init__(self, session: "InferenceSession", name: str) -> None:
        self.said: Mapping[str, str] = session.get_modelmeta().custom_metadata_map
        self.name = name

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes.

        Raises:
            ValueError: it gives something else there.
        """
        return self.read(NAMES, read_names)

    @property
    def mean(self) -> float | list[float] | None:
        """Of the input normalisation.

        Raises:
            ValueError: it gives something else there.
        """
        return self.read(MEANS, read_numbers) if self.has(MEANS) else 0 if self.is_ultralytics else None

    @property
    def std(self) -> float | list[float] | None:
        """As `mean`."""
        return self.read(STDS, read_numbers) if self.has(STDS) else 1 if self.is_ultralytics else None

    @property
    def scale(self) -> float | list[float] | None:
        """What white is in the units of mean and standard deviation. As `mean`."""
        return self.read(("scale",), read_numbers) if self.has(("scale",)) else 1 if self.is_ultralytics else None

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width in pixels, as Ultralytics writes them."""
        size = read_value(self.said.get("imgsz", ""))
        size = [size, size] if is_index(size) else size
        fits = isinstance(size, list) and len(size) == 2 and all(is_index(side) and side > 0 for side in size)
        return (size[0], size[1]) if fits else None

    @property
    def is_ultralytics(self) -> bool:
        """Whether it is a classifier of Ultralytics': these take colours as they are, in [0, 1]."""
        return self.said.get("task") == "classify" and ("stride" in self.said or "imgsz" in self.said)

    def has(self, keys: tuple[str, ...]) -> bool:
        return any(key in self.said for key in keys)

    def read(self, keys: tuple[str, ...], reader: Callable[[str], Read]) -> Read | None:
        for key in keys:
            if key in self.said:
                try:
                    return reader(self.said[key])
                except ValueError as error:
                    raise ValueError(f"the metadata of {self.name} is wrong in {key}: {error}") from error
        return None
