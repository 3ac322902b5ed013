"""Learn to answer as a black box does, from its answers alone."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader

from train.data.batches import PhotosInMemory, PhotoStream
from train.data.datasets import WholePhotos
from train.data.device_views import cut_views, resize_views
from train.data.order import draw_order
from train.data.prepare import prepare_data
from train.data.splits import DataSet, Split, join_splits
from train.loop import train_task
from train.measure.predict import predict, score
from train.measure.temperature import fit_temperature, measure_unfolded
from train.presets import StudentRecipe
from train.publish.checkpoint import publish_student
from train.publish.familiarity import describe_training_photos
from train.publish.messages import format_end
from train.run import Run, open_run
from train.tasks.answers import Answers
from train.tasks.losses import ImitationLoss
from train.tasks.task import Inputs, Task, start_model
from train.weights import OpenGuide
from xai.agreement import TOP, compute_similarity, measure_divergence
from xai.blackbox import BlackBox, load_black_box
from xai.models import Classifier, create_model

BATCH_SIZE = 64  # photos, where nothing is trained
REESTIMATED = 1024  # photos from which batch norm's statistics are estimated anew


def distill(recipe: StudentRecipe, black_box: BlackBox | None = None) -> Path:
    """Run a recipe to its end, or on from where it was stopped; returns the folder with all results.

    The black box is asked about views of the training photos and about the validation photos; about the test photos
    only once training is over.

    Args:
        recipe: all choices.
        black_box: whom to ask, where it is not what `recipe.teacher` says; that is then only its name in the records.

    Raises:
        ValueError: the recipe or the data cannot work, or the folder holds another recipe's run.
        BlackBoxError: the black box does not answer.
    """
    run = open_run(recipe)
    black_box = black_box or load_black_box(recipe.teacher, device=run.accelerator.device)
    if recipe.stream:
        run.print(f"{recipe.data[0]} is streamed: nobody looks whether its photos are in val or test too")
    kept = recipe.data[1:] if recipe.stream else recipe.data
    data = prepare_data(run, kept, labelled=recipe.labels == "truth")
    return train_task(run, Imitation(run, black_box, data))


class Imitation(Task):
    """Answer as a black box does.

    Args:
        run: of a student's recipe.
        black_box: whom to imitate.
        data: the data sets by name, without one that is streamed.

    Raises:
        ValueError: the recipe does not suit the photos.
        BlackBoxError: the black box does not answer.
    """

    def __init__(self, run: Run[StudentRecipe], black_box: BlackBox, data: dict[str, DataSet]) -> None:
        recipe = run.recipe
        self.run, self.black_box, self.validate_every = run, black_box, recipe.every
        self.sources = {name: each.splits for name, each in data.items()}
        self.training = self.load_training_photos()
        contents = [content for splits in self.sources.values() for content in splits["train"].contents]
        photos = len(self.training) if recipe.views else 0
        self.answers = Answers(black_box, run.folder / "answers.safetensors", recipe.views, photos, contents)
        val = join_splits([splits["val"] for splits in self.sources.values()])
        self.val_answers = self.ask_black_box(val) if len(val) else None
        self.validation = self.squeeze(val, recipe.test_size)

        self.model = create_model(recipe.model, black_box.classes, input_size=recipe.test_size)
        start_model(run, self.model)
        guide = OpenGuide() if recipe.guide else None
        loss = ImitationLoss(self.model, recipe.temperatures, recipe.labels != "none", guide, recipe.guide_weight)
        self.module = loss.to(memory_format=torch.channels_last)

    def load_training_photos(self) -> PhotosInMemory | PhotoStream:
        """The training photos, at the size the black box wants.

        Raises:
            ValueError: the cross-entropy asks for labels the black box does not know.
        """
        recipe, accelerator = self.run.recipe, self.run.accelerator
        side, share = self.black_box.input_size, (accelerator.process_index, accelerator.num_processes)
        if recipe.stream:
            return PhotoStream(recipe.data[0], side, recipe.photos, accelerator.device, recipe.workers, *share)
        split = join_splits([splits["train"] for splits in self.sources.values()])
        unknown = sorted(set(split.labels) - set(self.black_box.classes))
        if unknown and recipe.labels == "truth":
            raise ValueError(
                f"{self.black_box.name} knows no class {', '.join(unknown[:5])}: name the folders as it does, "
                "or give --labels teacher"
            )
        return PhotosInMemory(self.squeeze(split, side), accelerator.device, *share, recipe.balance)

    def squeeze(self, split: Split, size: int) -> WholePhotos:
        """The photos of a split as squares. A label that the black box does not know counts as its first class."""
        classes = self.black_box.classes
        labels = [label if label in classes else classes[0] for label in split.labels]
        return WholePhotos(Split(split.photos, labels), classes, size, cache=True)

    def load_batches(self, epoch: int) -> tuple[int, Iterator[tuple[Inputs, Tensor]]]:
        """The number of steps in an epoch, and of each step what `ask_about_views` gives."""
        return self.training.count_steps(self.run.recipe.batch), self.ask_about_views(epoch)

    def ask_about_views(self, epoch: int) -> Iterator[tuple[Inputs, Tensor]]:
        """Of each step the inputs and the right answers, which are the black box's classes (B).

        Inputs are views (B, 3, S, S) in [0, 1], the black box's confidences (B, K), and the classes (B) that the
        cross-entropy asks for.
        """
        recipe, box = self.run.recipe, self.black_box
        view = epoch % recipe.views if recipe.views else epoch
        for batch in self.training.iterate(recipe.batch, recipe.seed, view, epoch):
            views = cut_views(batch.pixels.float() / 255, batch.numbers, box.input_size, recipe.crop, recipe.mix)
            with self.run.accelerator.autocast():
                confidences = self.answers.ask(view, batch.photos, views)  # B, K
            answers = confidences.argmax(1)
            classes = batch.labels if recipe.labels == "truth" else answers
            yield (resize_views(views, recipe.size_at(epoch)), confidences, classes), answers

    def save(self) -> None:
        """Keep the black box's answers."""
        self.answers.save(self.run.accelerator)

    @torch.no_grad()
    def ask_black_box(self, split: Split) -> np.ndarray:
        """The black box's confidences (N, K) in whole photos."""
        box = self.black_box
        loader = DataLoader(self.squeeze(split, box.input_size), BATCH_SIZE)
        rows = [box.ask(pixels.to(box.device).float() / 255).cpu() for pixels, _ in loader]
        return torch.cat(rows).numpy()

    def predict(self, photos: WholePhotos) -> tuple[Tensor, Tensor]:
        """The student's logits (N, K) of whole photos, and their labels (N)."""
        return predict(self.model, DataLoader(photos, BATCH_SIZE))

    def validate(self) -> dict:
        """Mean KL (nats) as the loss, and Sim 1 and 2 (%) as accuracies, on the validation photos."""
        if self.val_answers is None:
            return {}
        logits, _ = self.predict(self.validation)
        row = measure_similarity(self.val_answers, logits.softmax(1).numpy())
        first, second = (round(100 * sim, 2) for sim in row["sim"][:2])
        return {"val_loss": row["kl"], "val_accuracy": first, "val_sim2": second}

    def finish(self, history: list[dict]) -> None:
        """Measure the student with its weights in half precision, as it ships, publish it, and say so."""
        run, model = self.run, self.model
        if not run.accelerator.is_main_process:
            return
        if run.recipe.reestimate:
            self.reestimate_batch_norm()
        model.load_state_dict({key: t.half() if t.is_floating_point() else t for key, t in model.state_dict().items()})
        similarities, data = self.measure()
        known = None if run.recipe.stream else describe_training_photos(list(self.sources.values()))
        publish_student(run.recipe, model, data, similarities, history, known)
        tested = {name: splits["test"] for name, splits in similarities.items()}
        alike = {
            name: f"it says what the black box says of {m['sim'][0]:.1%} ({m['photos']})" for name, m in tested.items()
        }
        print(format_end(run.folder, alike, run.recipe.teacher))

    def reestimate_batch_norm(self) -> None:
        """Means and variances of batch norm anew, on training photos as large as the test's, if that brings agreement.

        Those of the last steps are of smaller views. Without validation photos they stay.
        """
        if self.val_answers is None:
            return
        assert isinstance(self.training, PhotosInMemory)
        model, before, old = self.model, self.validate(), copy_state(self.model)
        order = draw_order(self.training.labels.cpu(), self.run.recipe.seed, balance=False)
        shuffled = self.training.pixels[order[:REESTIMATED].to(self.training.pixels.device)]
        batches = shuffled.split(BATCH_SIZE)  # B, 3, S, S each
        size = self.run.recipe.test_size
        update_bn((model.normalize(resize_views(batch.float() / 255, size)) for batch in batches), model)
        after = self.validate()
        if after["val_loss"] >= before["val_loss"]:
            model.load_state_dict(old)
        self.run.print(
            f"batch norm estimated anew at {size} pixels: KL on the validation photos {before['val_loss']} before, "
            f"{after['val_loss']} after"
        )

    def measure(self) -> tuple[dict, dict]:
        """By data set and split, how alike student and black box answer; and where labels are known, the accuracy.

        The test photos' figures say what a temperature fitted on the validation photos would change.
        """
        similarities, data, classes = {}, {}, self.black_box.classes
        answers: dict[str, dict[str, tuple[Tensor, Tensor]]] = {"val": {}, "test": {}}
        for name, splits in self.sources.items():
            similarities[name], data[name] = {}, {}
            for split in answers:
                logits, labels = self.predict(self.squeeze(splits[split], self.run.recipe.test_size))
                asked = self.ask_black_box(splits[split])
                similarities[name][split] = measure_similarity(asked, logits.softmax(1).numpy())
                if set(splits[split].labels) <= set(classes):
                    data[name][split] = score(logits, labels, classes)
                    answers[split][name] = logits, labels
        if answers["val"]:
            temperature = fit_temperature(*(torch.cat(part) for part in zip(*answers["val"].values(), strict=True)))
            for name, tested in answers["test"].items():
                data[name]["test"]["calibration"] = measure_unfolded(*tested, classes, temperature)
        return similarities, data


def copy_state(model: Classifier) -> dict[str, Tensor]:
    """A copy of all weights and statistics."""
    return {key: tensor.clone() for key, tensor in model.state_dict().items()}


def measure_similarity(teacher: np.ndarray, student: np.ndarray) -> dict:
    """Sim 1…5, shares in [0, 1], and mean KL in nats, of the confidences (N, K) of both."""
    sims = [round(compute_similarity(teacher, student, n), 4) for n in range(1, min(TOP, teacher.shape[1]) + 1)]
    return {"photos": len(teacher), "sim": sims, "kl": round(float(measure_divergence(teacher, student).mean()), 4)}
