"""An image whose root is in a directory: with any links in it, nothing outside it is read or written."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trustinstall.errors import ToolFailed, UsageProblem
from trustinstall.host import ActingHost, Kind, Tools
from trustinstall.host.commands import Run
from trustinstall.host.files import LIMIT

SECRET = b"the machine's own\n"
WORD = "0123456789abcdef"


class Image:
    """An image beside a machine's directory that its links try to reach."""

    def __init__(self, top: Path) -> None:
        """Both have an /etc with a file of the same name."""
        self.root, self.outside = top / "image", top / "machine"
        for each, content in ((self.root, b"the image's\n"), (self.outside, SECRET)):
            (each / "etc").mkdir(parents=True)
            (each / "etc" / "file").write_bytes(content)
        self.host = ActingHost.current().image(str(self.root))

    def climbs(self, depth: int = 40) -> str:
        """A relative way to the machine's /etc, as a link in the image would say it."""
        return "../" * depth + str(self.outside / "etc").lstrip("/")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """An image that is well so far."""
    return Image(tmp_path)


LINKS: dict[str, Callable[[Image], str]] = {
    "absolute": lambda image: str(image.outside / "etc"),
    "relative": lambda image: image.climbs(),
    "by way of the parent": lambda image: f"../image/../{image.outside.name}/etc",
}


@pytest.mark.parametrize("way", LINKS)
def test_nothing_outside_is_read_by_a_directory_that_is_a_link(image: Image, way: str) -> None:
    """A link on the way leads to the image's own files, or to nothing."""
    (image.root / "ssl").symlink_to(LINKS[way](image))
    assert image.host.read_or_none("/ssl/file") is None
    assert image.host.status("/ssl/file") is None
    assert image.host.link_target("/ssl/file") is None
    assert image.host.names("/ssl") == []
    assert not image.host.is_directory("/ssl")
    assert list(image.host.walk("/ssl")) == []


@pytest.mark.parametrize("way", LINKS)
def test_nothing_outside_is_written_by_a_directory_that_is_a_link(image: Image, way: str) -> None:
    """No step reaches the machine: each fails where the image has no such directory."""
    (image.root / "ssl").symlink_to(LINKS[way](image))
    before = {path: path.stat() for path in image.outside.rglob("*")}
    seen = image.host.status("/ssl")
    assert seen is not None
    steps: list[Callable[[], object]] = [
        lambda: image.host.write("/ssl/file", b"x", 0o644, None, WORD),
        lambda: image.host.append("/ssl/file", b"x", 0o644),
        lambda: image.host.delete("/ssl/file"),
        lambda: image.host.link("/ssl/new", "file"),
        lambda: image.host.relink("/ssl/file", "new", WORD, seen),
        lambda: image.host.make_directory("/ssl/new", 0o755),
        lambda: image.host.lock("/ssl/lock", lambda: None),
    ]
    for step in steps:
        with pytest.raises(FileNotFoundError):
            step()
    with pytest.raises(NotADirectoryError):
        image.host.remove_directory("/ssl")
    assert {path: path.stat() for path in image.outside.rglob("*")} == before


def test_a_link_to_an_absolute_path_leads_there_in_the_image(image: Image) -> None:
    """What is a link to /etc on the running image is one to the image's /etc here."""
    (image.root / "ssl").symlink_to("/etc")
    assert image.host.read("/ssl/file") == b"the image's\n"
    image.host.write("/ssl/new", b"x", 0o644, None, WORD)
    assert (image.root / "etc" / "new").read_bytes() == b"x"


def test_the_last_link_is_not_followed(image: Image) -> None:
    """A file that is a link is neither read through nor written through."""
    (image.root / "etc" / "link").symlink_to(image.outside / "etc" / "file")
    with pytest.raises(OSError, match=r"levels|large") as error:
        image.host.read("/etc/link")
    assert error.value.errno == errno.ELOOP
    with pytest.raises(OSError, match="not a regular file"):
        image.host.write("/etc/link", b"x", 0o644, None, WORD)
    assert image.host.real("/etc/link") == str(image.outside / "etc" / "file")  # a path of the image
    assert image.host.read_or_none(image.host.real("/etc/link")) is None


def test_links_in_a_circle_are_an_error(image: Image) -> None:
    """A loop ends, with the word that the system has for it."""
    (image.root / "a").symlink_to("b")
    (image.root / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"levels|large") as error:
        image.host.status("/a/file")
    assert error.value.errno == errno.ELOOP
    assert image.host.names("/a") == []


def test_dots_do_not_climb_out(image: Image) -> None:
    """A path with dots stays in the image, as it would if that were running."""
    assert image.host.read("/../../../etc/../etc/file") == b"the image's\n"
    assert image.host.where("/..") == f"{image.root}/"
    assert image.host.status("/etc/..") == image.host.status("/")


def test_what_is_no_regular_file_is_not_read(image: Image) -> None:
    """A FIFO does not block, and a device is not opened for its content."""
    os.mkfifo(image.root / "etc" / "fifo")
    for name in ("fifo", "../etc"):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
            image.host.read(f"/etc/{name}")
    status = image.host.status("/etc/fifo")
    assert status is not None
    assert status.kind is Kind.OTHER


def test_a_huge_file_is_not_read_into_memory(image: Image) -> None:
    """There is a limit, and the error says so."""
    with (image.root / "etc" / "huge").open("wb") as file:
        file.truncate(LIMIT + 1)
    with pytest.raises(OSError, match=r"levels|large") as error:
        image.host.read("/etc/huge")
    assert error.value.errno == errno.EFBIG


@pytest.mark.parametrize("name", ["/etc/os-release", "/usr/lib/os-release"])
def test_os_release_is_the_images_own(image: Image, name: str) -> None:
    """A link out of the image is not followed, and the image's own answer counts."""
    (image.outside / "os-release").write_text("ID=machine\n")
    (image.root / "usr" / "lib").mkdir(parents=True)
    (image.root / name[1:]).symlink_to(image.outside / "os-release")
    assert image.host.distribution() == frozenset()
    (image.root / "opt").mkdir()
    (image.root / "opt" / "release").write_text('ID="openEuler"\nID_LIKE="fedora rhel"\n')
    (image.root / name[1:]).unlink()
    (image.root / name[1:]).symlink_to("/opt/release")
    assert image.host.distribution() == {"openeuler", "fedora", "rhel"}


def test_an_os_release_that_is_no_text_is_none(image: Image) -> None:
    """A FIFO, a huge file and bytes that are no text are as good as nothing."""
    where = image.root / "etc" / "os-release"
    os.mkfifo(where)
    assert image.host.distribution() == frozenset()
    where.unlink()
    where.write_bytes(b"ID=\xff\n")
    assert image.host.distribution() == frozenset()
    where.write_bytes(b"ID=debian\n" + b"#" * 70_000)
    assert image.host.distribution() == frozenset()


def test_openssl_loads_nothing_from_outside(image: Image) -> None:
    """A bundle that is a link out of the image is not there."""
    (image.root / "bundle").symlink_to(image.outside / "etc" / "file")
    assert "No such file" in (image.host.openssl_refuses("/bundle") or "")


def test_no_program_of_an_image_is_run(image: Image) -> None:
    """An image's tool is an error, unless the caller asked for it."""
    mark = image.outside / "mark"
    tool = image.root / "tool"
    tool.write_text(f"#!/bin/sh\ntouch {mark}\n")
    tool.chmod(0o755)
    with pytest.raises(ToolFailed, match="tool"):
        image.host.run(Run(("/tool",)), {})
    with pytest.raises(ToolFailed, match="tool"):
        image.host.query(Run(("/tool",)))
    assert not mark.exists()


@pytest.mark.parametrize("name", ["/", "/usr/..", "nothing-there", __file__])
def test_what_is_no_image_is_refused(name: str) -> None:
    """The running machine, a file and nothing at all."""
    with pytest.raises(UsageProblem, match="--sysroot"):
        ActingHost.current().image(name)


def test_an_image_knows_nothing_of_the_machine(image: Image) -> None:
    """No variable but those that are named, no home, no running Python, no platform but Linux."""
    outer = ActingHost("darwin", "/", {"VIRTUAL_ENV": "/x", "CI": "1"}, ActingHost.current().account, ("/usr",))
    inner = outer.image(str(image.root), kept=("CI", "SOURCE_DATE_EPOCH"))
    assert (inner.platform, dict(inner.environ), inner.account.home, inner.prefixes) == ("linux", {"CI": "1"}, None, ())
    assert (inner.tools, inner.machine_owner) == (Tools.NEVER, inner.account.uid)
    assert inner.state_base() == inner.machine_state_base() == "/var/lib/trustinstall"
