"""The decorator of functions that need a GPU: on ZeroGPU each call is lent one, elsewhere it changes nothing."""

try:
    import spaces

    GPU = spaces.GPU
except ImportError:

    def GPU(task=None, **_):  # noqa: N802
        return task or (lambda function: function)
