"""Write an ImageNet network as a checkpoint: python -m train.imagenet --out FOLDER."""

from train.cli import run_command
from train.publish.imagenet_checkpoint import Conversion, convert_imagenet


def main() -> None:
    """Command line: the options of the conversion."""
    run_command(Conversion, lambda options: print(convert_imagenet(options)))


if __name__ == "__main__":
    main()
