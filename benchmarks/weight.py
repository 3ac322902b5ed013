"""What the app keeps of a visitor, in bytes."""

from collections.abc import Iterator, Mapping
from sys import getsizeof

import numpy as np
from gradio.state_holder import SessionState
from PIL import Image
from torch import Tensor, nn

SHARED = (nn.Module, type)  # all visitors' own


def weight_of_visitor(session: SessionState) -> int:
    """State, values shown, and components that are other than when the page was built."""
    built = session.blocks_config.root_block.default_config.blocks
    changed = [vars(block) for id_, block in session.blocks_config.blocks.items() if block is not built.get(id_)]
    return weight([session.state_data, session.config_values, [block["_constructor_args"] for block in changed]])


def weight(value: object) -> int:
    """Bytes of all that a value leads to, each thing once; arrays, tensors and pictures with their pixels."""
    seen, waiting, total = set(), [value], 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, SHARED) or callable(each):
            continue
        seen.add(id(each))
        total += own(each)
        waiting += parts(each)
    return total


def own(value: object) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes if value.base is None else 0
    if isinstance(value, Tensor):
        return value.untyped_storage().nbytes()
    if isinstance(value, Image.Image):
        return value.width * value.height * {"1": 1, "L": 1, "P": 1}.get(value.mode, 4)  # as Pillow keeps them
    return getsizeof(value)


def parts(value: object) -> Iterator[object]:
    if isinstance(value, np.ndarray):
        return iter(() if value.base is None else (value.base,))
    if isinstance(value, (Tensor, Image.Image, str, bytes, int, float)):
        return iter(())
    if isinstance(value, Mapping):
        return iter((*value.keys(), *value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return iter(value)
    return iter(vars(value).values() if hasattr(value, "__dict__") else ())
