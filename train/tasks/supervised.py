"""Learn to classify photos by their labels, and by a teacher's answers and feature maps besides."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from train.data.datasets import RandomViews, WholePhotos
from train.data.order import draw_order
from train.data.prepare import prepare_data
from train.data.splits import DataSet, Split, join_splits
from train.loop import train_task
from train.measure.predict import predict, score
from train.measure.temperature import fit_temperature, fold_temperature, measure_folded
from train.presets import ClassifierRecipe
from train.publish.checkpoint import publish_classifier
from train.publish.familiarity import describe_training_photos
from train.publish.messages import format_end
from train.run import Run, open_run
from train.tasks.losses import SupervisedLoss, TaughtLoss
from train.tasks.task import Inputs, Task, start_model
from train.weights import load_imagenet_weights
from xai.models import CNN, Classifier, create_model
from xai.zoo import load_model

BATCH_SIZE = 32  # photos, where nothing is trained


def train_classifier(recipe: ClassifierRecipe) -> Path:
    """Run a recipe to its end, or on from where it was stopped; returns the folder with all results.

    Raises:
        ValueError: the recipe or the data cannot work, or the folder holds another recipe's run.
    """
    run = open_run(recipe)
    data = prepare_data(run, recipe.data)
    task = Taught(run, data) if recipe.teacher else Supervised(run, data)
    return train_task(run, task)


class Supervised(Task):
    """Name the class that a photo's label names.

    Args:
        run: of a classifier's recipe.
        data: the data sets by name.

    Raises:
        ValueError: the recipe does not suit the photos.
    """

    def __init__(self, run: Run[ClassifierRecipe], data: dict[str, DataSet]) -> None:
        recipe = run.recipe
        self.run, self.kept = run, recipe.kept
        self.sources = {name: each.splits for name, each in data.items()}
        training = join_splits([splits["train"] for splits in self.sources.values()])
        self.classes = sorted(set(training.labels))
        self.views = RandomViews(
            training, self.classes, recipe.augmentation, recipe.seed, recipe.cache_side, recipe.crop, recipe.pasted
        )
        self.validation = self.load_whole(join_splits([splits["val"] for splits in self.sources.values()]))
        self.model = create_model(recipe.model, self.classes, **recipe.model_options())
        start_model(run, self.model)
        if recipe.pretrained and not recipe.start:
            load_imagenet_weights(self.model)
        self.module = self.add_loss(recipe, self.model).to(memory_format=torch.channels_last)

    @staticmethod
    def add_loss(recipe: ClassifierRecipe, model: Classifier) -> nn.Module:
        """The classifier with its loss."""
        return SupervisedLoss(model, recipe.label_smoothing)

    def load_whole(self, split: Split) -> DataLoader:
        """Whole photos, for all processes together."""
        recipe = self.run.recipe
        photos = WholePhotos(split, self.classes, recipe.test_size, bool(recipe.cache_side))
        workers = 0 if recipe.cache_side else recipe.workers
        return self.run.accelerator.prepare(DataLoader(photos, BATCH_SIZE, num_workers=workers))

    def load_batches(self, epoch: int) -> tuple[int, Iterator[tuple[Inputs, Tensor]]]:
        """The number of steps in an epoch, and of each step views (B, 3, S, S) in [0, 1] with labels (B)."""
        recipe, accelerator = self.run.recipe, self.run.accelerator
        self.views.choose_views(epoch, recipe.size_at(epoch))
        order = draw_order(self.views.labels, recipe.seed_at(epoch), recipe.balance)
        loader = DataLoader(
            self.views,
            batch_size=recipe.batch // accelerator.num_processes,
            sampler=order.tolist(),
            num_workers=recipe.workers,
            drop_last=len(order) >= recipe.batch,  # a last batch of one photo would upset batch normalisation
        )
        loader = accelerator.prepare(loader)
        return len(loader), (((pixels.float() / 255, labels), labels) for pixels, labels in loader)

    def predict(self, photos: DataLoader) -> tuple[Tensor, Tensor]:
        """Logits (N, K) and labels (N) of whole photos."""
        return predict(self.model, photos, self.run.accelerator)

    def validate(self) -> dict:
        """Loss and accuracy (%) on the validation photos."""
        validated = score(*self.predict(self.validation), self.classes)
        return {"val_loss": validated["loss"], "val_accuracy": validated["accuracy"]}

    def finish(self, history: list[dict]) -> None:
        """Calibrate the model, measure it on each source's photos, publish it, and say so."""
        run = self.run
        temperature = fit_temperature(*self.predict(self.validation))
        fold_temperature(self.model, temperature)
        metrics = {name: self.measure(splits, temperature) for name, splits in self.sources.items()}
        if run.accelerator.is_main_process:
            known = describe_training_photos(list(self.sources.values()), run.recipe.grey)
            publish_classifier(run.recipe, self.model, metrics, history, temperature, known)
            tested = {name: splits["test"] for name, splits in metrics.items()}
            right = {name: f"{m['accuracy']:.2f} % right ({m['photos']})" for name, m in tested.items()}
            print(format_end(run.folder, right))

    def measure(self, splits: dict[str, Split], temperature: float) -> dict[str, dict]:
        """Figures of the validation photos, and of the test photos with the weights in half precision, as they ship."""
        full = {key: tensor.clone() for key, tensor in self.model.state_dict().items()}
        val, test = self.load_whole(splits["val"]), self.load_whole(splits["test"])
        validated = score(*self.predict(val), self.classes)
        self.model.load_state_dict({key: t.half() if t.is_floating_point() else t for key, t in full.items()})
        answers = self.predict(test)
        tested = score(*answers, self.classes)
        tested["calibration"] = measure_folded(*answers, self.classes, temperature)
        self.model.load_state_dict(full)
        tested["accuracy_full_precision"] = score(*self.predict(test), self.classes)["accuracy"]
        return {"val": validated, "test": tested}


class Taught(Supervised):
    """Name the class that a photo's label names, and imitate a teacher's answers and feature maps on the way."""

    @staticmethod
    def add_loss(recipe: ClassifierRecipe, model: Classifier) -> nn.Module:
        """The classifier with its loss.

        Raises:
            ValueError: the teacher knows other classes, or takes photos of another size.
        """
        if recipe.teacher is None:
            raise ValueError("there is no --teacher to learn from")
        teacher = load_model(recipe.teacher, device="cpu")
        if isinstance(teacher, CNN) and recipe.teacher_size != teacher.input_size:
            raise ValueError(
                f"{recipe.teacher} takes photos of one size only: give --teacher-size {teacher.input_size}"
            )
        if teacher.classes != model.classes:
            raise ValueError(f"the teacher knows {teacher.classes}, the photos show {model.classes}")
        return TaughtLoss(model, teacher, recipe.teacher_weight, recipe.hint_weight, recipe.teacher_size)
