"""What the training loop needs to know of anything that is learnt."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn

from train.run import Run
from train.weights import copy_weights
from xai.models import Classifier

Inputs = tuple[Tensor, ...]


class Task(ABC):
    """A classifier with its loss, the batches of an epoch, how it is validated, and how its training ends.

    Attributes:
        model: the classifier.
        module: the classifier with its loss: `module(*inputs)` gives the loss and the logits (B, K).
        kept: the epoch whose weights are published: the `best` by `val_accuracy`, or the `last`.
        validate_every: epochs from one validation, and saving of the state, to the next.
    """

    model: Classifier
    module: nn.Module
    kept: str = "last"
    validate_every: int = 1

    @abstractmethod
    def load_batches(self, epoch: int) -> tuple[int, Iterator[tuple[Inputs, Tensor]]]:
        """The number of steps in an epoch, and of each step the inputs and the right classes (B)."""

    @abstractmethod
    def validate(self) -> dict:
        """`val_loss` and `val_accuracy` (%) of the model on the validation photos; nothing where there are none."""

    @abstractmethod
    def finish(self, history: list[dict]) -> None:
        """Measure the trained model on the test photos, and publish it."""

    def save(self) -> None:  # noqa: B027  # most tasks have nothing else to keep
        """Keep what a run needs to go on besides weights and optimiser."""


def start_model(run: Run, model: Classifier) -> None:
    """Copy the weights of the checkpoint that a new run starts from, and print how many there were.

    Raises:
        ValueError: there is no such checkpoint, or none of its weights fits.
    """
    if run.recipe.start and not run.begun:
        copied, total = copy_weights(model, run.recipe.start)
        run.print(f"{copied} of {total} weights are from {run.recipe.start}")
