"""A link opens what was seen; Back, Forward and a reload work; a photo goes with its visitor through the tabs."""

import html
import re
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import tabs
from tests.conftest import EXAMPLES, wait_until
from tests.preview import LARGEST
from tests.stages import number_of, press, says, wait_for_answer
from tests.test_studio import choose, upload
from xai.studio import metadata
from xai.studio.answers import LAST, PREDICTED
from xai.studio.carried import OwnPhoto, find_latest, offer
from xai.studio.examples import GARBAGE_EXAMPLES, PYRAMID_EXAMPLES
from xai.studio.garbage import OPENING_NETWORKS, GarbageTab
from xai.studio.pyramid import PyramidTab
from xai.studio.tabs import CarriedPhoto
from xai.studio.text import ENGLISH, LANGUAGES

KOREAN = LANGUAGES["ko"]
EXPLAINED = 60_000  # milliseconds
STAGES = {"garbage": "stage", "pyramid": "pyramid-stage", "blackbox": "blackbox-stage"}
SHOWN = {tab: f"#{stage} .stage[data-ready]" for tab, stage in STAGES.items()}
MEASURE = """
    window.shifted = 0;
    const add = (list) => list.getEntries().forEach((shift) => shifted += shift.hadRecentInput ? 0 : shift.value);
    new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
    window.heights = {};  // that the strip of examples ever has, empty or not; a slow machine shows it empty for long
    const look = () => document.querySelectorAll(".strip").forEach((strip) => {
        if (strip.offsetHeight) (heights[strip.id] ??= new Set()).add(strip.offsetHeight);
    });
    new MutationObserver(look).observe(document, {childList: true, subtree: true});
"""
CONV1 = ENGLISH["layers.CNN.conv1"]  # as the menu calls it
HOSTILE = '"><img src=x onerror=alert(1)>'


def request(**query):
    return SimpleNamespace(headers={}, query_params={name.replace("_", "-"): value for name, value in query.items()})


def open_link(page, url, query, tab="garbage"):
    page.goto(f"{url}{query}")
    page.locator(SHOWN[tab]).first.wait_for(state="attached", timeout=EXPLAINED)  # on a phone it is further down


def show_photo(page, photo, name):
    expect(page.locator(f"{photo} img")).to_have_attribute("src", re.compile(rf"/{name}$"), timeout=EXPLAINED)


def say_menus(page, **menus):
    for menu, text in menus.items():
        expect(page.locator(f"#{menu.replace('_', '-')} input")).to_have_value(text, timeout=EXPLAINED)


def hold_address(page, query):
    expect(page).to_have_url(re.compile(rf"/{re.escape(query)}$"), timeout=EXPLAINED)


def read_menus(tab, /, **query):
    """What the menus of a tab show for an address, by element id, and its example."""
    found = tab.read_address(request(**query))
    menus = {menu.elem_id: found[menu]["value"] for menu in tab.address.all_menus.values()}
    return menus, found[tab.source.example]


def test_an_address_sets_menus_and_example():
    tab = tabs.lay_out(GarbageTab)
    menus, example = read_menus(tab, a="garbage-cnn", layer_a="conv1", method="rise", example="garbage-paper-113")
    assert menus == {
        "method": "gradcam" if "rise" not in [name for _, name in tab.method.choices] else "rise",
        "target": PREDICTED, "model-a": "garbage-cnn", "model-b": OPENING_NETWORKS[1], "layer-a": "conv1",
        "layer-b": LAST,
    }  # fmt: skip
    assert example == "garbage-paper-113"


@pytest.mark.parametrize("value", [HOSTILE, "", "GRADCAM", "../garbage-paper-113", "pyramid-beach-41", "layer9"])
def test_what_no_menu_offers_is_ignored(value):
    tab = tabs.lay_out(GarbageTab)
    names = {name.replace("-", "_"): value for name in (*tab.address.all_menus, "example", "tab")}
    assert read_menus(tab, **names) == read_menus(tab)


def test_an_address_is_of_one_tab():
    garbage, pyramid = tabs.lay_out(GarbageTab), tabs.lay_out(PyramidTab)
    query = {"tab": "pyramid", "method": "layercam", "class": "river", "example": PYRAMID_EXAMPLES[2].stem}
    assert read_menus(garbage, **query) == read_menus(garbage)
    menus, example = read_menus(pyramid, **query)
    assert (menus["pyramid-method"], menus["pyramid-target"], example) == (
        "layercam",
        "river",
        PYRAMID_EXAMPLES[2].stem,
    )


def test_a_photo_is_offered_where_it_would_change_something():
    photo = Image.new("RGB", (8, 8))
    first, second = OwnPhoto(photo, "garbage", at=1), OwnPhoto(photo, "pyramid", at=2)
    latest = find_latest([first, None, second])
    assert latest is second
    assert find_latest([None, None]) is None
    assert not offer(None, None, "garbage", "en").visible
    assert not offer(latest, second, "pyramid", "en").visible
    assert offer(latest, first, "garbage", "en").value == "Use my photo from the Pyramid tab"
    assert offer(latest, None, "pyramid", "en").value == ENGLISH["own_again"]


def test_a_photo_that_was_forgotten_is_not_brought():
    with gr.Blocks():
        tab = GarbageTab()
        carried = CarriedPhoto([tab])
    brought = carried.make_bring(tab)({tab.own: None}, request())
    assert brought == gr.skip()
    own = OwnPhoto(Image.new("RGB", (8, 8)), "garbage")
    assert carried.make_bring(tab)({tab.own: own}, request())[tab.source.photo] is own.photo


def test_a_link_to_waste(visitor, url):
    page = visitor.new_page()
    query = "?method=layercam&class=metal&a=garbage-cnn&layer-a=conv1&example=garbage-paper-113"
    open_link(page, url, query)
    show_photo(page, "#photo", "garbage-paper-113.jpg")
    say_menus(page, method="Layer-CAM", target="metal", model_a=ENGLISH["model.garbage-cnn"], layer_a=CONV1)
    says(page, "a", "metal, ")
    hold_address(page, query)
    page.close()


def test_a_link_to_a_pyramid(visitor, url):
    page = visitor.new_page()
    query = "?tab=pyramid&method=layercam&class=river&example=pyramid-beach-41"
    open_link(page, url, query, "pyramid")
    show_photo(page, "#pyramid-photo", "pyramid-beach-41.jpg")
    say_menus(page, pyramid_method="Layer-CAM", pyramid_target="river")
    says(page, "fal", "river, ", STAGES["pyramid"])
    hold_address(page, query)
    page.close()


def test_a_link_to_a_black_box(visitor, url):
    page = visitor.new_page()
    query = "?tab=blackbox&class=metal&example=garbage-glass-119"
    open_link(page, url, query, "blackbox")
    show_photo(page, "#blackbox-photo", "garbage-glass-119.jpg")
    say_menus(page, blackbox_target="metal")
    says(page, "student", "metal, ", STAGES["blackbox"])
    hold_address(page, query)
    page.close()


def test_a_wrong_link_opens_the_page_as_usual(visitor, url):
    page, faults = visitor.new_page(), []
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: faults.append(str(error)))
    wrong = httpx.QueryParams(dict.fromkeys(("tab", "method", "a", "layer-a", "example", "lang", "class"), HOSTILE))
    open_link(page, url, f"?{wrong}")
    show_photo(page, "#photo", f"{GARBAGE_EXAMPLES[0].stem}.jpg")
    say_menus(page, method="Grad-CAM", target=ENGLISH["predicted"])
    assert page.locator("img[src=x]").count() == 0
    assert faults == []
    page.close()


def test_back_forward_and_reload(page, url):
    hold_address(page, "")
    choose(page, "#model-a", ENGLISH["model.garbage-cnn"])
    hold_address(page, "?a=garbage-cnn")
    choose(page, "#layer-a", CONV1)
    hold_address(page, "?a=garbage-cnn&layer-a=conv1")
    page.locator("#examples").get_by_role("button", name="Thumbnail 4 of").click()
    hold_address(page, f"?a=garbage-cnn&layer-a=conv1&example={EXAMPLES[3].stem}")
    choose(page, "#model-a", ENGLISH["model.garbage-efficientnet_lite0"])
    hold_address(page, f"?a=garbage-efficientnet_lite0&example={EXAMPLES[3].stem}")  # it has no such layer
    page.get_by_role("tab", name="Pyramid").click()
    hold_address(page, "?tab=pyramid")
    page.locator(SHOWN["pyramid"]).first.wait_for(timeout=EXPLAINED)

    page.go_back()
    expect(page.get_by_role("tab", name="Garbage")).to_have_attribute("aria-selected", "true")
    say_menus(page, model_a=ENGLISH["model.garbage-efficientnet_lite0"])
    page.go_back()
    say_menus(page, model_a=ENGLISH["model.garbage-cnn"], layer_a=CONV1)
    show_photo(page, "#photo", EXAMPLES[3].name)
    page.go_back()
    show_photo(page, "#photo", EXAMPLES[0].name)
    page.go_forward()
    show_photo(page, "#photo", EXAMPLES[3].name)
    query = f"?a=garbage-cnn&layer-a=conv1&example={EXAMPLES[3].stem}"
    hold_address(page, query)
    page.reload()
    page.locator(SHOWN["garbage"]).first.wait_for(timeout=EXPLAINED)
    say_menus(page, model_a=ENGLISH["model.garbage-cnn"], layer_a=CONV1)
    show_photo(page, "#photo", EXAMPLES[3].name)
    hold_address(page, query)


def test_a_choice_by_keyboard_is_one_too_and_a_menu_that_is_left_changes_nothing(page):
    menu, before = page.locator("#layer-a input"), number_of(page)
    menu.focus()
    menu.press("ArrowUp")
    menu.press("Enter")
    hold_address(page, "?layer-a=stem")
    wait_for_answer(page, before)
    says_layer, shown = menu.input_value(), number_of(page)
    for other in ("#model-a", "#layer-a", "#method"):
        page.locator(f"{other} input").click()
        page.keyboard.press("Escape")
        page.locator("#title").click()
    choose(page, "#target", "metal")  # what comes of it comes after what would have come of the others
    hold_address(page, "?layer-a=stem&class=metal")
    wait_for_answer(page, shown)
    assert menu.input_value() == says_layer
    assert int(number_of(page)) == int(shown) + 1


def test_a_view_of_the_stage_and_a_class_chosen_there_are_in_the_address(page):
    view = page.locator('#stage [data-focus="view-regions"]')
    press(page, "view-regions")
    hold_address(page, "?look=regions")
    press(page, "class-a-paper")
    hold_address(page, "?look=regions&class=paper")
    page.reload()
    page.locator(SHOWN["garbage"]).wait_for(timeout=EXPLAINED)
    expect(view).to_have_attribute("aria-pressed", "true")
    says(page, "a", "paper, ")
    page.go_back()
    say_menus(page, target=ENGLISH["predicted"])
    expect(view).to_have_attribute("aria-pressed", "true")
    page.get_by_role("tab", name="Pyramid").click()
    page.locator(SHOWN["pyramid"]).wait_for(timeout=EXPLAINED)
    hold_address(page, "?tab=pyramid")
    page.go_back()
    expect(view).to_have_attribute("aria-pressed", "true")
    page.go_forward()  # to a tab whose address names no view
    expect(page.locator('#pyramid-stage [data-focus="view-heat"]')).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(view).to_have_attribute("aria-pressed", "true")
    page.go_back()
    expect(view).to_have_attribute("aria-pressed", "false")


def test_scripts_keep_what_only_the_browser_knows(page):
    page.evaluate("addEventListener('studio:popped', () => window.popped = studio.address.get('shape'))")
    page.evaluate("studio.address.put('shape', 'split')")
    page.evaluate("studio.address.put('shape', 'both', {replace: true})")
    hold_address(page, "?shape=both")
    page.get_by_role("tab", name="Pyramid").click()
    hold_address(page, "?tab=pyramid")  # it belongs to the garbage tab
    page.go_back()
    page.wait_for_function("window.popped === 'both'")
    page.go_back()
    page.wait_for_function("window.popped === null")


def test_an_uploaded_photo_is_offered_in_the_other_tabs_and_never_in_the_address(page, tmp_path):
    Image.open(EXAMPLES[5]).save(tmp_path / f"{EXAMPLES[2].stem}.png")
    expect(page.locator("#own")).to_be_hidden()
    page.locator("#examples").get_by_role("button", name="Thumbnail 2 of").click()
    hold_address(page, f"?example={EXAMPLES[1].stem}")
    page.get_by_label("Remove Image").click()
    upload(page, tmp_path / f"{EXAMPLES[2].stem}.png")
    hold_address(page, "")
    expect(page.locator("#own")).to_be_hidden()
    page.get_by_role("tab", name="Pyramid").click()
    button = page.locator("#pyramid-own")
    expect(button).to_have_text("Use my photo from the Garbage tab", timeout=EXPLAINED)
    page.locator(SHOWN["pyramid"]).first.wait_for(timeout=EXPLAINED)
    button.click()
    show_photo(page, "#pyramid-photo", "picture.png")
    expect(button).to_be_hidden(timeout=EXPLAINED)
    hold_address(page, "?tab=pyramid")

    page.get_by_role("tab", name="Garbage").click()
    page.locator("#examples").get_by_role("button", name="Thumbnail 3 of").click()
    expect(page.locator("#own")).to_be_visible(timeout=EXPLAINED)
    hold_address(page, f"?example={EXAMPLES[2].stem}")
    page.go_back()
    show_photo(page, "#photo", "picture.png")
    expect(page.locator("#own")).to_be_hidden(timeout=EXPLAINED)


def test_the_language_is_chosen_with_all_as_it_was(visitor, url):
    page = visitor.new_page()
    open_link(page, url, "?class=metal")
    expect(page.locator("#languages [aria-current]")).to_have_text("English")
    page.get_by_role("link", name="한국어").click()
    hold_address(page, "?class=metal&lang=ko")
    page.locator(SHOWN["garbage"]).first.wait_for(timeout=EXPLAINED)
    expect(page.get_by_role("tab").first).to_have_text(KOREAN["garbage"])
    says(page, "a", KOREAN["seconds"].format(label=KOREAN["class.metal"], seconds=""))  # said by the server
    say_menus(page, target=KOREAN["class.metal"])
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.close()


def test_before_an_uploaded_photo_is_lost_the_visitor_is_asked(page, tmp_path):
    page.get_by_label("Remove Image").click()
    upload(page, EXAMPLES[5])
    wait_until(page, lambda: page.evaluate("history.state.own"))
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="한국어").click()
    wait_until(page, lambda: asked == [ENGLISH["language_loses_photo"]])
    assert "lang" not in page.url
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="한국어").click()
    hold_address(page, "?lang=ko")


def read_tags(url, path="", **headers):
    text = httpx.get(url + path, headers=headers).text
    tags = re.findall(r'<meta (?:property|name)="([\w:]+)" content="([^"]*)">', text)
    return re.findall(r'<html\s+lang="(\w+)"', text), dict(tags), [name for name, _ in tags], text


@pytest.mark.parametrize(("path", "accepted"), [("", "en-US"), ("?lang=ko", "en-US"), ("", "ko-KR,en;q=0.5")])
def test_others_see_what_the_page_is(url, path, accepted):
    lang = "ko" if "ko" in path + accepted else "en"
    said, tags, names, text = read_tags(url, path, **{"accept-language": accepted})
    assert said == [lang]
    assert text.count("<title>") == 1
    assert f"<title>{metadata.NAME}</title>" in text
    assert len(names) == len(set(names))
    for name in ("description", "og:description"):
        assert html.unescape(tags[name]) == LANGUAGES[lang]["description"]
    assert (tags["og:title"], tags["twitter:card"]) == (metadata.NAME, "summary_large_image")
    assert not any("radio" in tag for tag in tags.values())
    picture = httpx.get(tags["og:image"])
    assert tags["og:image"].startswith(url)
    assert picture.headers["content-type"] == "image/jpeg"
    assert len(picture.content) < LARGEST


def test_a_request_cannot_write_into_the_page(url):
    said, _, _, text = read_tags(url, "?lang=<b>", host='a"><script>alert(1)</script>')
    assert said == ["en"]
    assert "<script>alert(1)" not in text


def test_the_picture_is_one_of_the_page():
    with Image.open(metadata.PICTURE) as picture:
        assert picture.size == (metadata.WIDTH, metadata.HEIGHT)
        assert len(picture.convert("L").resize((64, 32)).getcolors()) > 20


def test_the_links_below_lead_somewhere(seen_by_all, url):
    links = seen_by_all.locator("#below a")
    assert links.count() == len(metadata.list_cards())
    for link in links.all():
        card = httpx.get(url + link.get_attribute("href"))
        assert card.status_code == 200
        assert card.headers["content-type"].startswith("text/plain")
        assert link.inner_text()
    assert httpx.get(f"{url}cards/../config.json").status_code == 404


@pytest.fixture(scope="module")
def seen_by_all(visitor, url):
    page = visitor.new_page()
    open_link(page, url, "")
    yield page
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("tab", SHOWN)
def test_nothing_jumps_as_a_tab_opens(browser, url, tab, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.add_init_script(MEASURE)
    open_link(page, url, f"?tab={tab}", tab)
    page.wait_for_timeout(1500)
    assert page.evaluate("shifted") < 0.1
    assert page.evaluate("Object.values(heights).map((each) => each.size)") == [1]
    context.close()
