"""The page in windows of every size: what one looks at is in view, and nothing is too small, cut off or covered."""

from contextlib import ExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import no_strangers, open_app
from tests.stages import EXPLAINED, number_of, wait_for_answer
from tests.test_studio import choose, example

STAGES = {"garbage": "stage", "pyramid": "pyramid-stage", "blackbox": "blackbox-stage"}
LOCALES = {"en": "en-US", "ko": "ko-KR"}
SIZES = {1440: 900, 1024: 768, 768: 1024, 390: 844}

# What is wrong with the page as it is drawn now, in words; a visible text is one that the mouse could point at.
FAULTS = """() => {
    const faults = [], texts = [], wide = document.documentElement.clientWidth;
    const name = (element) => `${element.tagName}.${element.className} ${element.textContent.trim().slice(0, 40)}`;
    const isShown = (element) => element.checkVisibility({opacityProperty: true, visibilityProperty: true});
    const clip = (element, box) => {  // the part of a box that scrolled and cut-off ancestors leave of it
        let {left, top, right, bottom} = box, scrolls = false;
        for (let each = element; each && !each.matches(".gradio-container"); each = each.parentElement) {
            const style = getComputedStyle(each);
            if (style.position === "fixed") break;
            if (style.overflowX === "visible" && style.overflowY === "visible") continue;
            const edge = each.getBoundingClientRect();
            scrolls ||= ["auto", "scroll"].includes(style.overflowX) && each.scrollWidth > each.clientWidth;
            [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
            [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
        }
        return {left, top, right, bottom, scrolls};
    };
    const walker = document.createTreeWalker(document.querySelector(".gradio-container"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, element = node.parentElement;
        if (!node.data.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(element.tagName) || !isShown(element)) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const rect of range.getClientRects()) {
            const box = clip(element, rect);
            if (box.right - box.left < 3 || box.bottom - box.top < 3) continue;
            texts.push({element, ...box});
            if (rect.right > wide + 1 && !box.scrolls) faults.push(`wider than the window: ${name(element)}`);
        }
        const size = parseFloat(getComputedStyle(element).fontSize);
        if (size < 12 && texts.at(-1)?.element === element) faults.push(`text of ${size} px: ${name(element)}`);
    }
    for (const [i, one] of texts.entries()) for (const two of texts.slice(i + 1)) {
        if (one.element === two.element) continue;
        const across = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const down = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        if (across > 3 && down > 6) faults.push(`text over text: ${name(one.element)} | ${name(two.element)}`);
    }
    const targets = "button, a[href], select, summary, input, [role=button], [tabindex='0']";
    for (const element of document.querySelectorAll(targets)) {
        if (!isShown(element) || element.type === "file" || element.closest("footer, [aria-hidden=true]")) continue;
        const box = (element.closest("label") ?? element).getBoundingClientRect(), seen = clip(element, box);
        if (seen.right - seen.left < 1 || seen.bottom - seen.top < 1) continue;
        if (box.right > wide + 1 && !seen.scrolls) faults.push(`wider than the window: ${name(element)}`);
        if (Math.min(box.width, box.height) < 23.5 && !(element.tagName === "A" && element.closest("p, li, dd")))
            faults.push(`target of ${box.width.toFixed()} x ${box.height.toFixed()}: ${name(element)}`);
    }
    if (document.documentElement.scrollWidth > wide) faults.push("the page scrolls sideways");
    return [...new Set(faults)];
}"""


@pytest.fixture(scope="module")
def pages(browser, url):
    """By language a page on which every tab has been opened."""
    opened = {}
    with ExitStack() as stack:

        def open_page(language):
            if language not in opened:
                context = browser.new_context(locale=LOCALES[language], viewport=size_of(1440))
                stack.callback(context.close)
                stack.enter_context(no_strangers(context, url))
                opened[language] = context.new_page()
                open_app(opened[language], url)
            return opened[language]

        yield open_page


def size_of(width):
    return {"width": width, "height": SIZES[width]}


def show(page, tab, width, scheme="light", quiet=300):
    """Let a page show a tab from its top in a window of some size, answered and quiet for some milliseconds."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(size_of(width))
    page.get_by_role("tab").nth([*STAGES].index(tab)).click()
    page.wait_for_selector(f"#{STAGES[tab]} .stage[data-ready]", timeout=EXPLAINED)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("window.pale = performance.now()")
    page.wait_for_function(SETTLED, arg=quiet, timeout=EXPLAINED)


SETTLED = """(quiet) => {  // what is replaced is pale, and a window just changed is drawn anew
    const now = performance.now();
    if (document.querySelector(".pending")) window.pale = now;
    return now - window.pale > quiet;
}"""


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("tab", STAGES)
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_targets_can_be_read_and_hit(pages, language, tab, width, scheme):
    page = pages(language)
    show(page, tab, width, scheme)
    assert page.evaluate(FAULTS) == []


@pytest.mark.parametrize("tab", STAGES)
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(pages, tab, width, scheme):
    page = pages("en")
    show(page, tab, width, scheme, quiet=1500)  # colours fade from one scheme to the other
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("critical", "serious")] == []


def test_no_arrow_of_a_menu_covers_its_text(pages):
    page = pages("en")
    show(page, "garbage", 768)
    menu = page.locator("#model-b")
    text = menu.locator("input").evaluate(
        "e => e.getBoundingClientRect().right - parseFloat(getComputedStyle(e).paddingRight)"
    )
    assert text <= menu.locator(".icon-wrap").bounding_box()["x"]


def inside(page, selector):
    """Whether all visible elements of a kind, one at least, are in the window as it is scrolled now."""
    boxes = [each.bounding_box() for each in page.locator(f"{selector}:visible").all()]
    window = page.viewport_size
    return bool(boxes) and all(
        box["x"] >= -1
        and box["y"] >= -1
        and box["x"] + box["width"] <= window["width"] + 1
        and box["y"] + box["height"] <= window["height"] + 1
        for box in boxes
    )


@pytest.mark.parametrize("width", [1440, 1024])
def test_photo_maps_answers_and_controls_are_in_view_at_once(pages, width):
    page = pages("en")
    show(page, "garbage", width)
    for part in ("#photo", "#stage .verdict", "#stage .frame", "#stage .classes", "#method", "#model-a", "#model-b"):
        assert inside(page, part), part
    assert inside(page, '#stage [data-focus="opacity"]')
    for frame in page.locator("#stage .frame").all():
        box = frame.bounding_box()
        assert min(box["width"], box["height"]) >= 320


def test_two_networks_stand_side_by_side_on_a_tablet(pages):
    page = pages("en")
    show(page, "garbage", 768)
    left, right = (frame.bounding_box() for frame in page.locator("#stage .frame").all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]


@pytest.mark.parametrize("tab", STAGES)
def test_a_phone_shows_examples_and_verdict_first_and_does_not_scroll_far(pages, tab):
    page = pages("en")
    show(page, tab, 390)
    prefix = "" if tab == "garbage" else f"{tab}-"
    assert inside(page, f"#{prefix}examples")
    assert inside(page, f"#{STAGES[tab]} .verdict")
    assert page.evaluate("document.documentElement.scrollHeight") <= 5 * SIZES[390]


def test_a_phone_shows_one_map_at_a_time_and_the_one_that_is_chosen(pages):
    page = pages("en")
    show(page, "pyramid", 390)
    frames = page.locator("#pyramid-stage .frame:visible")
    assert frames.count() == 1
    page.locator('#pyramid-stage [data-focus="chip-1"]').click()
    assert frames.count() == 1
    assert frames.first.get_attribute("data-focus") == "picture-1"


def test_an_example_that_is_tapped_brings_its_answer_into_view(pages):
    page = pages("en")
    show(page, "garbage", 390)
    before = number_of(page)
    example(page, 3).click()
    wait_for_answer(page, before)
    page.wait_for_timeout(500)
    assert inside(page, "#stage .verdict")
    assert inside(page, "#stage .frame")
    before = number_of(page)
    example(page, 1).click()
    wait_for_answer(page, before)


def test_the_map_stays_in_view_beside_the_options(pages):
    page = pages("en")
    show(page, "garbage", 390)
    options = page.locator('#stage [data-focus="options"]')
    options.click()
    page.wait_for_timeout(300)
    sheet, frame = (page.locator(part).first.bounding_box() for part in (".menus.open", "#stage .frame:visible"))
    assert frame["y"] >= -1
    assert frame["y"] + frame["height"] <= sheet["y"] + 1
    assert options.get_attribute("aria-expanded") == "true"
    before = number_of(page)
    choose(page, "#target", "metal")
    wait_for_answer(page, before)
    assert inside(page, "#stage .frame")
    assert page.locator(".menus.open").count() == 1
    assert options.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert not page.locator(".menus.open").count()
    assert options.get_attribute("aria-expanded") == "false"
