"""Names of files and folders, made of any text, that every system takes."""

import re
from collections.abc import Iterable
from unicodedata import category, normalize

LONGEST = 80  # characters
LONGEST_BYTES = 240  # in UTF-8; most file systems take 255
RESERVED = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9¹²³]", re.IGNORECASE)  # devices of Windows, whatever the ending


def name_file(text: str, longest: int = LONGEST) -> str:
    """A text as the name of a file or folder: `glass (2)/P_3` becomes `glass-2-P-3`.

    Letters, with their marks, and digits of any script are kept, and whatever lies between them becomes one `-`. The
    name has at most `longest` characters, and it is `unnamed` where nothing is left.
    """
    kept = "".join(c if category(c)[0] in "LMN" else "-" for c in normalize("NFC", text))
    name = shorten("-".join(filter(None, kept.split("-"))), longest).rstrip("-")
    return f"xai-{name}" if RESERVED.fullmatch(name) else name or "unnamed"


def name_download(*words: str, ending: str = ".zip") -> str:
    """What a download is called, by words on what is in it: `xai-glass-gradcam.zip`; at most 80 characters."""
    return name_file(" ".join(("xai", *words)), LONGEST - len(ending)) + ending


def name_folders(titles: Iterable[str]) -> dict[str, str]:
    """A folder's name for each title; no two are the same, not even where capitals do not count."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for title in titles:
        name = own = name_file(title)
        number = 2
        while own.casefold() in taken:
            ending = f"-{number}"
            own = shorten(name, LONGEST - len(ending)).rstrip("-") + ending
            number += 1
        taken.add(own.casefold())
        names[title] = own
    return names


def shorten(name: str, longest: int) -> str:
    """The beginning of a name, as long as it may be in characters and in bytes."""
    return name[:longest].encode()[:LONGEST_BYTES].decode(errors="ignore")
