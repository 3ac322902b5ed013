"""python -m xai models, python -m xai methods: what there is."""

import argparse
import inspect
from types import SimpleNamespace

from xai.methods import METHODS, Method, method_of
from xai.models import Classifier
from xai.shell.parser import add_command
from xai.zoo import MODELS, build_skeleton, find_checkpoint, read_json


def add_models(commands) -> None:
    add_command(commands, list_models, "models", "the models, with their size and accuracy", "List the models.")


def add_methods(commands) -> None:
    parser = add_command(
        commands,
        list_methods,
        "methods",
        "the explanation methods, and which models they do not suit",
        "List the explanation methods, or show one's formula, source and options.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show all there is to know of this one")


NEEDS = {
    "features": "a network whose features it reads: a black box's student, or the black box where it is no secret",
    "gradients": "a network whose gradients it follows: a black box's student, or the black box where it is no secret",
    "answers": "nothing but answers: any network, any black box",
    "nothing": "nothing: a control, which an explanation has to beat",
}

models, methods = SimpleNamespace(add_to=add_models), SimpleNamespace(add_to=add_methods)


def list_models(_: argparse.Namespace) -> int:
    """A line for each model: name, weights, input, test accuracy."""
    width = max(map(len, MODELS))
    for name in MODELS:
        folder = find_checkpoint(name)
        metrics, config = read_json(folder / "metrics.json"), read_json(folder / "config.json")
        tests = [f"{data} {splits['test']['accuracy']:.1f} %" for data, splits in metrics["data"].items()]
        size = f"{metrics['parameters'] / 1e6:5.1f} M weights, input {config['input_size']}²"
        print(f"{name:{width}}  {size}, test accuracy: {', '.join(tests) or 'not measured here'}")
        print(f"{'':{width}}  layers: {', '.join(build_skeleton(name).layers)}")
    return 0


def list_methods(options: argparse.Namespace) -> int:
    """A paragraph for each method, or one in full."""
    if options.name:
        method = method_of(options.name)
        print(f"{options.name}\n\n{inspect.getdoc(method.run)}")
        for variant, preset in method.variants.items():
            print(f"\n{options.name}:{variant}: {', '.join(f'{key}={value!r}' for key, value in preset.items())}")
        return 0
    skeletons = {name: build_skeleton(name) for name in MODELS}
    for name, method in METHODS.items():
        but = ", but not at the last layer of the ResNets and EfficientNet" if method.short_cut else ""
        slow = "" if method.pace == "instant" else f" Takes {method.pace} a photo on a CPU{but}."
        print(f"{name}\n    {method.summary[0].upper()}{method.summary[1:]}{slow}")
        print(f"    needs {NEEDS[method.needs]}")
        if method.reference:
            print(f"    Paper: {method.reference}")
        if method.options:
            print(f"    options in Python: {', '.join(method.options)}")
        for unsuited, models_ in find_restrictions(method, skeletons).items():
            print(f"    not {unsuited} {', '.join(models_)}")
    return 0


def find_restrictions(method: Method, skeletons: dict[str, Classifier]) -> dict[str, list[str]]:
    """What a method does not suit, `for` whole models or `at` some layers, with the models it is so for."""
    found: dict[str, list[str]] = {}
    for name, model in skeletons.items():
        usual = method.layer(model, None)
        layers = [usual] if method.needs != "features" else list(dict.fromkeys([*model.layers, usual]))
        unsuited = [layer for layer in layers if method.unsuitable(model, layer)]
        if unsuited:
            where = "for" if unsuited == layers else f"at {', '.join(unsuited)} of"
            found.setdefault(where, []).append(name)
    return found
