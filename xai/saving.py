"""Several explanations taken along together: as a folder, or as a zip, with a folder each.

layers = xai.explain_layers(xai.load_model("pyramid-fal"), photo)
xai.save_all("layers", layers)
"""

import os
from collections.abc import Mapping
from pathlib import Path

from xai.explanation import Explanation
from xai.filenames import name_folders
from xai.version import __version__
from xai.writing import Files, add_manifest, pack_files, write_folder


def save_all(
    folder: str | os.PathLike, explanations: Mapping[str, Explanation], alpha: float = 0.5, colormap: str = "turbo"
) -> Path:
    """Write explanations to a folder, each to one of its own inside, as `Explanation.save` does; returns the folder.

    One more `manifest.json` lists them all, with what their own manifests say of them.

    Args:
        folder: as for `Explanation.save`.
        explanations: by titles, from which their folders get their names: `glass (2)` becomes `glass-2`.
        alpha: opacity of the colours, in [0, 1].
        colormap: the colours.

    Raises:
        FileExistsError: the folder holds other files, or what was saved there has changed since.
        OSError: it cannot be written.
        ValueError: there is no explanation, `alpha` is not in [0, 1], or there is no such colour map.
    """
    return write_folder(folder, gather(explanations, alpha, colormap))


def pack(explanations: Mapping[str, Explanation], alpha: float = 0.5, colormap: str = "turbo") -> bytes:
    """The contents of a zip with what `save_all` writes, for `name_download` to name.

    Raises:
        ValueError: there is no explanation, `alpha` is not in [0, 1], or there is no such colour map.
    """
    return pack_files(gather(explanations, alpha, colormap))


def gather(explanations: Mapping[str, Explanation], alpha: float, colormap: str) -> Files:
    """The files of all explanations, each in a folder of its own, and a manifest over them."""
    if not explanations:
        raise ValueError("there is no explanation to save")
    folders = name_folders(explanations)
    files: Files = {}
    listed = []
    for title, e in explanations.items():
        files.update({f"{folders[title]}/{name}": data for name, data in e.files(alpha, colormap).items()})
        listed.append({"title": title, "folder": folders[title], **e.describe()})
    facts = {"xai": __version__, "explanations": listed, "opacity": alpha, "colormap": colormap}
    return add_manifest(files, facts)
