"""The pictures of the dashboard in the README, from the committed example: `make screenshots`, with Chromium on PATH."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "artifacts" / "example" / "index.html"
PICTURES: Final = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1280, 830


def main() -> int:
    """Open the example in light and dark, and keep what is seen first."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no Chromium on PATH; Debian has it: apt install chromium", file=sys.stderr)
        return 3
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            page = context.new_page()
            page.goto(PAGE.as_uri())
            page.locator("html[data-ready]").wait_for()
            page.locator(".card canvas").nth(1).wait_for()
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            page.screenshot(path=PICTURES / f"dashboard-{scheme}.png")
            context.close()
        browser.close()
    print(f"{PICTURES.relative_to(ROOT)}: dashboard-light.png, dashboard-dark.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
