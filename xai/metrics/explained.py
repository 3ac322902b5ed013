"""How far a checkpoint's layers explain its answers, as measured beforehand and kept beside its weights."""

from os import PathLike

from xai.zoo import EXPLAINED, find_checkpoint, read_json


def read_explained(name: str | PathLike) -> dict[str, dict[str, float]]:
    """For each layer that is usually explained, by Grad-CAM: `shared`, `mosaic` and its `chance`, all in [0, 1].

    `shared` is `metrics.sameness` of the layer's maps of test photos, `mosaic` the mean share of a class's map on its
    own photo (`metrics.mosaic_test`). It is empty where the checkpoint has no such file.

    Raises:
        ValueError: there is no model of this name.
        OSError: the checkpoint is missing, or the file damaged.
    """
    file = find_checkpoint(name) / EXPLAINED
    return read_json(file)["layers"] if file.is_file() else {}
