"""A tab shows as many networks as it is given."""

import numpy as np
from PIL import Image

from tests import tabs
from xai.studio.garbage import EXAMPLES, GarbageTab
from xai.studio.methods import label_method
from xai.studio.pyramid import EXAMPLES as AERIAL
from xai.studio.pyramid import PyramidTab
from xai.studio.text import ENGLISH
from xai.zoo import PYRAMID


def test_three_networks_explain_one_photo_of_waste(monkeypatch):
    for key in [key for key in ENGLISH if key.endswith(("_b", "_b_alt"))]:
        monkeypatch.setitem(ENGLISH, key.replace("_b", "_c"), ENGLISH[key].replace("B", "C"))
    tab = tabs.lay_out(GarbageTab, ("garbage-cnn", "garbage-resnet50", "garbage-efficientnet_lite0"))
    assert [network.menu.elem_id for network in tab.networks] == ["model-a", "model-b", "model-c"]
    shown = tabs.answer(tab, Image.open(EXAMPLES[0]).convert("RGB"))
    panels = tab.set_scene(shown[tab.answered], "en").panels
    assert [panel.key for panel in panels] == ["a", "b", "c"]
    maps = [panel.maps[0].raw for panel in panels]
    assert all(panel.confidences for panel in panels)
    assert not np.array_equal(maps[0], maps[2])
    places = {menu: menu.value for network in tab.networks for menu in (network.menu, network.layer)}
    labels = {name: label for label, name in tab.update_methods(places, tabs.REQUEST).choices}
    assert labels["cam"] == label_method("cam", [ENGLISH["unsuited_a"]])


def test_a_single_pyramid_explains_one_aerial_photo():
    tab = tabs.lay_out(PyramidTab, PYRAMID[1:])
    shown = tabs.answer(tab, Image.open(AERIAL[0]).convert("RGB"))
    (panel,) = tab.set_scene(shown[tab.answered], "en").panels
    assert panel.confidences
    assert 'colspan="1"' in shown[tab.table]
    assert len(panel.maps) == 5 + 2
