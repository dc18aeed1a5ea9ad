"""A throw-away root that is at the same time an image: the very same files, at a path of their own.

What the program does to the image is then seen, checked and undone by all the means that there are for the machine,
and the distribution's own tool can be run on it as well.
"""

from __future__ import annotations

from tests.support.throwaway import Throwaway

IMAGE = "/mnt/image"


def make_image(throwaway: Throwaway) -> None:
    """What is there now is as it was delivered, and is seen at IMAGE, too; to be done again after every `reset`."""
    throwaway.run(["mkdir", "-p", IMAGE, "/run/mount"], check=True)  # mount(8) would make the latter itself
    throwaway.freeze()
    see_image(throwaway)


def see_image(throwaway: Throwaway) -> None:
    """Mount it, without what is mounted in it: an image has no /proc."""
    throwaway.run(["mount", "--bind", "/", IMAGE], check=True)
