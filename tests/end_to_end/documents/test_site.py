"""The site that mkdocs builds from `docs/`: every link leads somewhere, and people can read it.

A real Chromium shows each page in a frame as wide as a telephone and as a desk's screen, and measures it there.
"""

from __future__ import annotations

import contextlib
import functools
import json
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.documents.test_pages import TOP

WIDTHS = (360, 1280)
_LOOK = Path(__file__).with_name("look.html")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a broken link, or a page that the navigation does not name, fails the build."""
    where = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(where)]
    done = subprocess.run(
        [*words, "--config-file", str(TOP / "mkdocs.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return where


@pytest.fixture(scope="module")
def seen(site: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What Chromium measures of each page at each width, light and dark; see `look.html`."""
    pages = sorted(str(page.relative_to(site)) for page in site.rglob("*.html") if page.name != "404.html")
    asked = json.dumps({"pages": pages, "widths": WIDTHS})
    (site / "look.html").write_text(_LOOK.read_text(encoding="utf-8").replace("ASKED", asked), encoding="utf-8")
    home, answers = tmp_path_factory.mktemp("chromium"), queue.SimpleQueue[list[dict[str, Any]]]()
    words = ["chromium", "--headless=new", "--no-sandbox", "--no-proxy-server", f"--user-data-dir={home}"]
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    with (
        _served(site, answers) as url,
        (home / "log").open("wb") as log,
        subprocess.Popen([*words, f"{url}/look.html"], stdout=log, stderr=log, env=clean) as browser,
    ):
        try:
            found = answers.get(timeout=100)
        finally:
            browser.kill()
    assert len(found) == len(pages) * len(WIDTHS) * 2
    return found


@contextlib.contextmanager
def _served(directory: Path, answers: queue.SimpleQueue[list[dict[str, Any]]]) -> Generator[str, None, None]:
    """Serve a directory on loopback, and put what is posted into a queue."""

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take what the page has measured."""
            answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in http.server
            """Say nothing of each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(directory))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_no_page_is_wider_than_its_window(seen: list[dict[str, Any]]) -> None:
    """On a telephone, too, no page scrolls sideways: long lines and tables scroll inside their own box."""
    assert [one for one in seen if one["wide"] > one["width"]] == []


def test_text_can_be_read_on_light_and_dark(seen: list[dict[str, Any]]) -> None:
    """The contrast of text and its background is at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    assert [(one["page"], one["theme"], one["faint"]) for one in seen if one["faint"]] == []


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    """No script, style, font or picture comes from another host."""
    loaded = re.compile(r'<(?:script|link|img)[^>]+(?:src|href)="(?:https?:)?//', re.IGNORECASE)
    assert [str(page) for page in site.rglob("*.html") if loaded.search(page.read_text(encoding="utf-8"))] == []
