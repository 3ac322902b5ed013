"""From a photo to an explanation of what a black box says of it."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from PIL import Image

from xai.agreement import agreement
from xai.blackbox.blackbox import BlackBox
from xai.blackbox.estimate import Estimate
from xai.blackbox.lime import lime
from xai.blackbox.mask import mask
from xai.blackbox.rise import rise
from xai.explaining import Target, check_options, class_index, explain_steps, finish
from xai.explaining import check as check_network
from xai.explanation import Explanation
from xai.familiar import marked
from xai.methods import METHODS, Method
from xai.methods.suitability import INPUT, UnsuitableError
from xai.models import Classifier
from xai.modes import without_gradients
from xai.photo import Photo, as_photo

BLACK_BOX, TEACHER, STUDENT = "black box", "teacher's gradients", "student's gradients"  # sources of an explanation
GRADIENTS = ("auto", "teacher", "student")
EVERY = 0.5  # seconds at least from one map so far to the next
PATIENCE = 9  # and so many times as long as the last one took, since each is resized to the photo and judged

MapSteps = Generator[tuple[float, Estimate | None], None, Estimate]
Steps = Generator[tuple[float, Explanation | None], None, Explanation]


@dataclass(frozen=True)
class Baseline:
    """A method that explains a black box by showing it a photo in many altered forms.

    Attributes:
        title: as it is written in the literature.
        run: takes the black box, or where it needs gradients a network, pixels (1, 3, S, S) in [0, 1] and the target;
            a generator of the share done, in [0, 1], and the Estimate so far, or None, that returns an Estimate.
        needs_gradients: it asks a network that is no secret, not the black box.
    """

    title: str
    run: Callable[..., MapSteps]
    needs_gradients: bool = False

    summary, paper, options = Method.summary, Method.paper, Method.options  # what the docstring says, as of any method


BASELINES = {
    "rise": Baseline("RISE", rise),
    "lime": Baseline("LIME", lime),
    "mask": Baseline("MASK", mask, needs_gradients=True),
}


def explain_black_box(
    black_box: BlackBox,
    image: Photo,
    method: str = "rise",
    target: Target = None,
    student: Classifier | None = None,
    gradients: str = "auto",
    **options,
) -> Explanation:
    """Where in a photo a black box sees a class.

    Args:
        black_box: from `load_black_box`, or made of anything that answers.
        image: a PIL image, a path or a uint8 array (H, W, 3).
        method: `rise` or `lime`, which only ask the black box; `mask`, or one of `list_methods()`, which look into a
            network.
        target: the class to explain, by index or name; None is the one the black box predicts.
        student: a network that imitates the black box.
        gradients: whose network is looked into: `teacher`, the black box's own where it is no secret; `student`; or
            `auto`, the teacher's where it can be had. For `distilled` it is always the student's.
        options: of the method, as its docstring names them (`masks=1000`); for one of `list_methods()` also
            `target_layer`.

    Returns:
        An explanation whose class and confidences are the black box's, whose `source` says who was asked or looked
        into, and which has the student's `agreement` on this photo where that was the student.

    Raises:
        ValueError: the image cannot be read, or there is no such method, option, class or layer, or no network to look
            into, or none that suits the method or knows the same classes; one sentence says which.
        BlackBoxError: the black box gave no answer, or none that could be confidences.
    """
    found = finish(explain_black_box_steps(black_box, image, method, target, student, gradients, **options))
    return marked(found, black_box.white if getattr(black_box.white, "familiar_file", None) else student)


@without_gradients
def explain_black_box_steps(
    black_box: BlackBox,
    image: Photo,
    method: str = "rise",
    target: Target = None,
    student: Classifier | None = None,
    gradients: str = "auto",
    **options,
) -> Steps:
    """`explain_black_box` as a generator of the share done, in [0, 1], and now and then the explanation so far.

    Closed, it stops. Only methods that perturb the photo have an explanation so far; else it is None.
    """
    started = time.perf_counter()
    network, source = looked_into(black_box, method, student, gradients)
    check(network, method, options)
    index = None if target is None else class_index(black_box, target)
    photo = as_photo(image)
    pixels = black_box.pixels([photo])
    confidences = black_box.ask(pixels)[0].cpu().numpy()  # K
    index = int(confidences.argmax()) if index is None else index
    told = {
        "target": index,
        "label": black_box.classes[index],
        "confidence": float(confidences[index]),
        "confidences": confidences,
        "source": source,
    }
    if method in BASELINES:
        asked = black_box if network is None else network
        steps = BASELINES[method].run(asked, pixels, index, **options)
        e = yield from perturbing(steps, photo, method, told, started)
        said = network.predict_proba(photo)[0] if source == STUDENT else None
    else:
        e = yield from without_maps(explain_steps(network, photo, method, index, **options))
        e, said = replace(e, **told), e.confidences
    agreed = agreement(confidences, said, black_box.classes) if source == STUDENT else None
    return replace(e, agreement=agreed, seconds=time.perf_counter() - started)


def looked_into(
    black_box: BlackBox, method: str, student: Classifier | None, gradients: str
) -> tuple[Classifier | None, str]:
    """The network a method looks into, None where it only asks, and the name of this source.

    Raises:
        ValueError: there is no such method or choice of gradients, or no such network, or it knows other classes.
    """
    if method not in METHODS and method not in BASELINES:
        raise UnsuitableError("method", method=method, methods=", ".join([*BASELINES, *METHODS]))
    if gradients not in GRADIENTS:
        raise ValueError(f"there are no gradients {gradients!r}; choose one of {', '.join(GRADIENTS)}")
    if method in BASELINES and not BASELINES[method].needs_gradients:
        return None, BLACK_BOX
    teachers = gradients == "teacher" or (gradients == "auto" and black_box.white is not None)
    if teachers and method != "distilled":
        network, source = black_box.white, TEACHER
    else:
        network, source = student, STUDENT
    if network is None and source == TEACHER:
        raise ValueError(f"{method} needs gradients, and {black_box.name} only answers: use those of a student")
    if network is None:
        raise ValueError(f"{method} needs the gradients of a student that imitates {black_box.name}: there is none")
    if network.classes != black_box.classes:
        raise ValueError(f"the network that is to speak for {black_box.name} knows other classes, or in another order")
    return network, source


def check(network: Classifier | None, method: str, options: dict) -> None:
    """Refuse, before anybody is asked, what cannot be done.

    Raises:
        ValueError: there is no such option or layer, or the method does not suit the network.
    """
    if method in METHODS:
        own = {name: value for name, value in options.items() if name != "target_layer"}
        return check_network(network, method, options.get("target_layer"), own)
    check_options(method, BASELINES[method].options, options)


def perturbing(steps: MapSteps, photo: Image.Image, method: str, told: dict, started: float) -> Steps:
    """Steps with estimates to steps with explanations."""

    def explanation(estimate: Estimate) -> Explanation:
        raw = estimate.raw.float().numpy()
        blank = bool(raw.min() == raw.max()) or estimate.is_blank()
        return Explanation(
            photo=photo,
            raw=raw,
            method=method,
            target_layer=INPUT,
            seconds=time.perf_counter() - started,
            blank=blank,
            questions=estimate.questions,
            error=None if estimate.error is None else estimate.error.float().numpy(),
            settled=estimate.settled(),
            **told,
        )

    due = started + EVERY
    while True:
        try:
            share, so_far = next(steps)
        except StopIteration as end:
            return explanation(end.value)
        begun = time.perf_counter()
        if so_far is None or begun < due:
            yield share, None
            continue
        shown = explanation(so_far)
        took = time.perf_counter() - begun
        yield share, shown
        due = time.perf_counter() + max(EVERY, PATIENCE * took)


def without_maps(steps: Generator[float, None, Explanation]) -> Steps:
    while True:
        try:
            share = next(steps)
        except StopIteration as end:
            return end.value
        yield share, None
