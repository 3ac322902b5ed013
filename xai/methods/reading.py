"""Which network a method reads to explain a subject, and whether it can: known before anything is computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xai.methods.registry import METHODS, Method, find_variant
from xai.methods.suitability import UnsuitableError
from xai.models import Classifier
from xai.subject import Subject

ASKED = "black box"  # the source of an explanation that was made by asking one
SOURCES = {"itself": "", "teacher": "teacher's gradients", "student": "student's gradients"}  # by the network's role


@dataclass(frozen=True)
class Reading:
    """A method, and what it reads of a subject.

    Attributes:
        method: how it is explained.
        role: of the network that is read, as `Subject.networks` has it; empty where none is.
        network: that network; None where none is read.
        layer: of that network, or `input`.
        source: who was asked or read, where that is not the subject itself.
        options: of the method.
    """

    method: Method
    role: str
    network: Classifier | None
    layer: str
    source: str
    options: Mapping[str, object] = field(default_factory=dict)


def plan_reading(
    subject: Subject,
    method: str,
    target_layer: str | None = None,
    reads: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Reading:
    """What a method reads of a subject.

    Args:
        subject: who is explained.
        method: a name in `METHODS`, or a variant such as `distilled:literal`.
        target_layer: a layer of the network that is read; None is the method's usual one.
        reads: the role of the network that is read; None is the black box's own one where it is no secret, else its
            student's. For `distilled` it is the student's where there is one.
        options: of the method; they replace those of the variant.

    Raises:
        ValueError: there is no such method, option, layer or network, or the method does not suit the network.
    """
    check_subject(subject)
    found, preset = find_variant(method)
    options = {**preset, **(options or {})}
    found.check_options(options)
    role = choose_role(subject, found, reads)
    network = subject.networks.get(role)
    if trouble := found.unsuitable(network, target_layer):
        raise trouble
    asked = found.needs == "answers" and "itself" not in subject.networks
    source = ASKED if asked else SOURCES.get(role, "")
    return Reading(found, role, network, found.layer(network, target_layer), source, options)


def choose_role(subject: Subject, method: Method, reads: str | None = None) -> str:
    """The role of the network that a method reads; empty where it reads none.

    Raises:
        ValueError: it reads one, and the subject has none such.
    """
    networks = subject.networks
    if reads is not None and reads not in (networks or SOURCES):
        raise UnsuitableError("reads", reads=reads, roles=", ".join(networks or SOURCES))
    if not method.reads_network:
        return ""
    if not networks:
        raise UnsuitableError("closed", title=method.title, name=subject.name)
    if reads is not None:
        return reads
    return "student" if method.of_student and "student" in networks else next(iter(networks))


def check_subject(subject: Subject) -> None:
    """Refuse what cannot be explained.

    Raises:
        ValueError: it is neither a network of this package nor a black box.
    """
    if not hasattr(subject, "networks"):
        raise ValueError(
            "what is explained is a network of load_model(…) or a black box of load_black_box(…), "
            f"not {type(subject).__name__} {subject!r:.60}"
        )


def list_methods(subject: Subject | None = None, target_layer: str | None = None) -> list[str]:
    """Names that `explain` takes: all, or those that suit a subject, at a layer or each at its usual one."""
    if subject is not None:
        check_subject(subject)
    return [name for name in METHODS if subject is None or find_trouble(subject, name, target_layer) is None]


def find_trouble(
    subject: Subject, method: str, target_layer: str | None = None, reads: str | None = None
) -> UnsuitableError | None:
    """Why a method cannot explain a subject; None where it can."""
    try:
        plan_reading(subject, method, target_layer, reads)
    except UnsuitableError as trouble:
        return trouble
    return None
