"""Slow things as generators: they say how far they are, hand out what they have so far, and end when they are closed.

from xai.steps import Progress, Steps, finish, follow

def count(n: int) -> Steps[int]:
    for i in range(n):
        yield Progress(i / n)
    return n

finish(count(3))                       # 3
for progress in follow(count(3)):      # the last one has done = 1 and so_far = 3
    print(progress.done)
"""

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

Result = TypeVar("Result")
EVERY = 0.5  # seconds at least from one partial result to the next
PATIENCE = 9  # and so many times as long as it took to make the last one


class Progress(NamedTuple):
    """How far something slow is: the share done, in [0, 1], and the result so far, where there is one."""

    done: float
    so_far: Any = None


Steps = Generator[Progress, None, Result]


class Watched(Generic[Result]):
    """Steps to loop over; after the loop `result` is what they returned."""

    result: Result

    def __init__(self, steps: Steps[Result]) -> None:
        self.steps = steps

    def __iter__(self) -> Iterator[Progress]:
        self.result = yield from self.steps


def follow(steps: Steps[Result]) -> Iterator[Progress]:
    """The progress of steps; what they return comes last, as the result so far when all is done."""
    result = yield from steps
    yield Progress(1.0, result)


def finish(steps: Steps[Result], tick: Callable[[float], object] = lambda share: None) -> Result:
    """What steps return, once they are through; `tick` is told the share that each step added, all of which make 1."""
    watched, done = Watched(steps), 0.0
    for progress in watched:
        tick(progress.done - done)
        done = progress.done
    tick(1 - done)
    return watched.result


def rescale(steps: Steps[Result], low: float, high: float) -> Steps[Result]:
    """Steps as one part, from `low` to `high`, of a longer way; the results so far are left out."""
    watched = Watched(steps)
    for progress in watched:
        yield Progress(low + (high - low) * progress.done)
    return watched.result


def convert(steps: Steps, make: Callable[[Any], Result]) -> Steps[Result]:
    """Steps with other results, made of the former ones; those so far are made only now and then, as that takes time.

    At least half a second lies between two of them, and nine times as long as the last one took to make.
    """
    watched, due = Watched(steps), time.perf_counter() + EVERY
    for progress in watched:
        started = time.perf_counter()
        if progress.so_far is None or started < due:
            yield Progress(progress.done)
            continue
        so_far = make(progress.so_far)
        took = time.perf_counter() - started
        yield Progress(progress.done, so_far)
        due = time.perf_counter() + max(EVERY, PATIENCE * took)
    return make(watched.result)
