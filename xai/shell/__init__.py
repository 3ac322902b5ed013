"""The commands of `python -m xai`, one a file."""
