"""The studio in a shell: python -m xai --help."""

import argparse
import sys

from xai.blackbox.blackbox import BlackBoxError
from xai.shell import duplicates, evaluate, explain, index, listing


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status is 0 if all is well, 1 if some photos could not be used, 2 if nothing could."""
    parser = argparse.ArgumentParser(
        prog="python -m xai", description="Ask an image classifier what it sees in photos, and where it looked."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (explain, evaluate, listing.models, listing.methods, index, duplicates):
        module.add_to(commands)
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except BrokenPipeError:  # the reader, `head` say, has had enough
        sys.stderr.close()
        return 0
    except (ValueError, OSError, BlackBoxError) as error:  # one sentence each, from the package
        print(f"python -m xai: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
