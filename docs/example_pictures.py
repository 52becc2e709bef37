"""Take the pictures of the example report that the documentation shows: ``python docs/example_pictures.py``.

Needs playwright and a Chromium, as the tests of the page do.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent
WIDTH, HEIGHT = 1200, 900
SECTIONS = {"charts": "text=Time against frequency", "explorer": "#explorer", "behind": "#layers"}


def main() -> None:
    """Open the page, and take its first screen and the top of some sections."""
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((DOCS / "example-report.html").resolve().as_uri())
        page.wait_for_selector("body[data-charts]")
        page.wait_for_selector("#explorer[data-ready]", state="attached")
        take(page, "top")
        for name, selector in SECTIONS.items():
            page.locator(selector).first.evaluate("(element) => element.scrollIntoView()")
            take(page, name)
        browser.close()


def take(page: Page, name: str) -> None:
    """Keep what the window shows."""
    page.wait_for_timeout(500)
    page.screenshot(path=DOCS / "images" / f"report-{name}.png")


if __name__ == "__main__":
    main()
