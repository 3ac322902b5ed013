"""ZeroGPU lends a GPU per call to functions marked so; everywhere else the mark does nothing."""

try:
    import spaces

    GPU = spaces.GPU
except ImportError:

    def GPU(task=None, **_):  # noqa: N802
        return task or (lambda function: function)
