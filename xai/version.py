"""Which version of the package this is, also where it runs without having been installed."""

__version__ = "0.1.0"
