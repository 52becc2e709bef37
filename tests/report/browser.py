"""A headless Chromium without a network, and what it complained of."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser():
    """Start the system's browser, or skip with the reason."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install .[test]")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser to look at the page with: install one of {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as running:
        # The sandbox needs rights that a container lacks; the page under test is our own.
        started = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A page that was opened offline, with what it asked for and what went wrong."""

    def __init__(self, browser, file: Path, *, script=True, ready="#explorer[data-ready]", **options):
        self.context = browser.new_context(offline=True, java_script_enabled=script, **options)
        self.page = self.context.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())
        if script and ready:
            self.page.wait_for_selector("body[data-charts]")
            self.page.wait_for_selector(ready, state="attached")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def violations(self):
        """Return what axe-core finds, as lines."""
        import axe_core_python

        source = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(source)
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])})" for one in found]

    def open_all(self):
        """Unfold what is folded."""
        self.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    def shown(self, selector):
        """Return the text of an element."""
        return self.page.inner_text(selector)

    def picture(self):
        """Return the spectrogram's pixels, as text."""
        return self.page.evaluate("document.getElementById('picture').toDataURL()")

    def settle(self, clip, axis, place):
        """Wait until the sound of a shift is there and drawn."""
        self.page.wait_for_selector(f'#explorer[data-ready="{clip} {axis} {place}"]', state="attached")
