"""Every shipped network explains as it did: the same maps, method by method, as were once stored."""

import numpy as np

from tests.maps import FILE, all_maps


def test_the_maps_are_those_stored():
    found = all_maps()
    with np.load(FILE) as stored:
        assert stored.keys() <= found.keys()
        for name, values in stored.items():
            scale = max(1e-6, np.abs(values).max())
            np.testing.assert_allclose(found[name] / scale, values / scale, atol=1e-6, err_msg=name)
