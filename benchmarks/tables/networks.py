"""Tables of the shipped networks: how good they are, how well calibrated, and what their photos share."""

from benchmarks.record import markdown, origin, read
from xai.zoo import CHECKPOINTS, GARBAGE, PYRAMID, STUDENTS

SHIPPED = (*GARBAGE, *PYRAMID, *STUDENTS)
KINDS = {
    "garbage-cnn": "2 convolutions, 3 fully connected layers",
    "garbage-resnet50": "no attention",
    "garbage-se_resnet50": "SE in every block",
    "garbage-s_se_resnet50": "one SE shared by the blocks of a stage",
    "garbage-efficientnet_lite0": "from ImageNet weights",
    "pyramid-fpn": "plain pyramid",
    "pyramid-fal": "attention branches on Layers 1 and 2",
    "blackbox-student": "ResNet-50 with CBAM in each of 16 blocks",
}


def models() -> str:
    """All networks: size, input, accuracy with the expected calibration error, on the test photos."""
    rows = []
    for name in SHIPPED:
        config, tests = read("config", CHECKPOINTS / name), read_tests(name).values()
        cells = [f"{test['accuracy']:.2f} % ({test['ece']:.1f} %)" for test in tests]
        cells += [""] * (2 - len(cells))
        rows.append([f"`{name}`: {KINDS[name]}", f"{read_metrics(name)['parameters']:,}", config["input_size"], *cells])
    return markdown(["network", "parameters", "input", "TrashNet (pyramids: UC Merced)", "photos from the web"], rows)


def calibration() -> str:
    """What the temperature that was fitted on validation photos does to the calibration error on test photos."""
    rows = []
    for name in SHIPPED:
        for data, test in read_tests(name).items():
            found = test["calibration"]
            errors = [f"{found[when]:.2f} %" for when in ("before", "after")]
            rows.append([f"`{name}`", data, test["photos"], f"{found['temperature']:.3f}", *errors])
    return markdown(["network", "test photos of", "how many", "temperature", "error without", "error with"], rows)


def paired() -> str:
    """Differences of the ResNets' accuracies."""
    found = read("accuracy")
    if found is None:
        return ""
    rows = []
    for r in found["rows"]:
        points = f"{signed(r['points'])} ± {r['standard_error']:.2f}"
        rows.append([r["data"], r["photos"], f"`{r['to']}` less `{r['from']}`", points])
    return markdown(["test photos of", "how many", "difference", "points ± standard error"], rows) + origin(found)


def duplicates() -> str:
    """Near-duplicates by the splits they are in."""
    found = read("duplicates")
    if found is None:
        return ""
    rows = [[r["data"], r["photos"], r["pairs"], r["within"], r["across"], r["leaked"]] for r in found["rows"]]
    head = ["data set", "photos", "pairs", "within a split", "across splits", "photos of val and test also in train"]
    return markdown(head, rows) + origin(found)


def read_metrics(name: str) -> dict:
    """What was measured of a shipped network."""
    return read("metrics", CHECKPOINTS / name)


def read_tests(name: str) -> dict[str, dict]:
    """What was measured of a shipped network on the test photos, by data set."""
    return {data: splits["test"] for data, splits in read_metrics(name)["data"].items()}


def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
