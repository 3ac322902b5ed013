"""A tab shows as many networks as it is given."""

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
    assert all(shown[network.confidences] for network in tab.networks)
    pictures = tabs.paint(tab, shown[tab.answered])
    first, _, last = (pictures[network.heatmap] for network in tab.networks)
    assert pictures[tab.slider] == (first, last)
    places = {menu: menu.value for network in tab.networks for menu in (network.menu, network.layer)}
    labels = {name: label for label, name in tab.update_methods(places, tabs.REQUEST).choices}
    assert labels["cam"] == label_method("cam", [ENGLISH["unsuited_a"]])


def test_a_single_pyramid_explains_one_aerial_photo():
    tab = tabs.lay_out(PyramidTab, PYRAMID[1:])
    shown = tabs.answer(tab, Image.open(AERIAL[0]).convert("RGB"))
    (network,) = tab.networks
    assert shown[network.confidences]
    assert 'colspan="1"' in shown[tab.table]
    assert len(tabs.paint(tab, shown[tab.answered])[network.maps]) == 5 + 2
