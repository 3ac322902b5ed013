"""The picture of the page that others show beside a link: python -m tests.preview writes xai/studio/preview.jpg."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.chromium import find
from xai.studio.metadata import HEIGHT, PICTURE, WIDTH

LARGEST = 200_000  # bytes


def take_picture(page: Page, url: str) -> None:
    """Photograph the page as it opens, in English and in light colours."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.goto(f"{url}?lang=en")
    page.wait_for_selector("#stage .stage[data-ready]", timeout=60_000)
    page.wait_for_timeout(2000)  # until nothing is on its way any more
    Image.open(BytesIO(page.screenshot())).convert("RGB").save(PICTURE, quality=85, optimize=True)


def main() -> None:
    from app import LAUNCH, build

    studio = build()
    studio.launch(prevent_thread_lock=True, quiet=True, **LAUNCH)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        take_picture(browser.new_page(), studio.local_url)
        browser.close()
    studio.close()
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
