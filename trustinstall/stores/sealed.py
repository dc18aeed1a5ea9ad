"""Files of packages and images that no account may change in place."""

from __future__ import annotations

from trustinstall.patterns import regex

#: Places that only their owner's tool may change: it checks them, shares them, or replaces them.
_SEALED = (
    (regex(r"^/snap/|/lib/snapd/"), "a snap cannot be changed; set its service's variables instead"),
    (regex(r"/flatpak/"), "a flatpak cannot be changed; use its overrides instead"),
    (regex(r"^/nix/store/|^/gnu/store/"), "the store is never changed in place; change the configuration"),
    (regex(r"\.app/Contents/"), "the app is signed, and would no longer start; set its variables instead"),
    (regex(r"/WindowsApps/"), "Windows seals Store apps; use Python from python.org"),
    (
        regex(r"^/var/lib/(?:docker|containers|containerd)/|/share/containers/storage/"),
        "it belongs to a container image; add the certificate where the image is built",
    ),
)


def why_sealed(path: str) -> str | None:
    """Return why no account may change a file, and what works instead; None if its owner may."""
    return next((reason for place, reason in _SEALED if place.search(path)), None)
