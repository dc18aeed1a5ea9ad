"""The doctor's page in a real browser, as wide as a telephone and as a desk, and printed."""

from __future__ import annotations

import json
import re

import pytest

from tests.end_to_end.browsers.conftest import PAGE, Scene
from tests.support.tls import Server

pytestmark = pytest.mark.timeout(300)

CHROMIUM = (
    "chromium",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--user-data-dir=/tmp/page",
)
_WIDTHS = (360, 1280)
#: Shows the page in a frame of each width, and says how wide its content and how small its letters are.
_MEASURE = """<body><script>
const said = [];
for (const width of %s) {
  const frame = document.createElement("iframe");
  frame.width = width; frame.height = 800; frame.src = "/simple/report/";
  frame.onload = () => {
    const page = frame.contentDocument, all = [...page.body.querySelectorAll("*")];
    const small = Math.min(...all.map(one => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize)));
    const wide = Math.max(...all.map(one => one.getBoundingClientRect().right));
    said.push({width, content: Math.max(page.documentElement.scrollWidth, wide), small, text: page.body.innerText});
    if (said.length === 2) document.body.textContent = "said" + JSON.stringify(said) + "said";
  };
  document.body.append(frame);
}
</script>"""


def test_the_page_fits_a_telephone_and_a_desk(scene: Scene) -> None:
    """Nothing is wider than the page, no letter is small, the text is there, no password is; it prints."""
    proxy = "http://me:hunter2@127.0.0.1:1"
    said = scene.root.trustinstall("doctor", scene.corporate.url, "--report", "/tmp/report.html", check=True)
    assert "clients here refuse" in said.stdout
    failed = scene.root.trustinstall("doctor", "a.example", f"--proxy={proxy}", "--report", "/tmp/failed.html")
    assert "127.0.0.1:1" in scene.root.read("/tmp/failed.html").decode()
    assert "hunter2" not in scene.root.read("/tmp/failed.html").decode() + failed.stdout + failed.stderr
    assert scene.root.trustinstall("doctor", "a.example", "--report", "/tmp/report.html").returncode == 2
    page = scene.root.read("/tmp/report.html")
    files = {PAGE: (_MEASURE % json.dumps(_WIDTHS)).encode(), "/simple/report/": page}
    with Server(scene.corporate.leaf, files) as server:
        words = ("--ignore-certificate-errors", "--virtual-time-budget=20000", "--dump-dom", f"{server.url}{PAGE}")
        shown = scene.root.run([*CHROMIUM, *words], user="alice", timeout=120).stdout
    found = re.search("said(.*)said", shown, re.DOTALL)
    assert found is not None, shown
    for one in json.loads(found[1].replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")):
        assert one["content"] <= one["width"], one["width"]
        assert one["small"] >= 14, one["width"]
        assert "/etc/ssl/certs/ca-certificates.crt" in one["text"]
    scene.root.run([*CHROMIUM, "--print-to-pdf=/tmp/page.pdf", "file:///tmp/report.html"], user="alice", timeout=120)
    assert scene.root.read("/tmp/page.pdf").startswith(b"%PDF-")
