"""Names of classes that can be told apart."""

from collections.abc import Sequence


def tell_apart(names: Sequence[str]) -> list[str]:
    """Names, of which each that came before gets a number: crane, kite, crane (2). Names without a double stay."""
    taken, found = set(names), []
    given: set[str] = set()
    for name in names:
        number, own = 1, name
        while own in given or (number > 1 and own in taken):  # "crane (2)" may be a class of its own
            number += 1
            own = f"{name} ({number})"
        given.add(own)
        found.append(own)
    return found
