"""pip for one download: the files of the wheel that comes with Python, without an installation of them.

`venv` would have `ensurepip` install the same wheel, and pip would uninstall itself afterwards: that took half of the
processor time of a first run. A wheel of pure Python is an archive of the files that are imported (PEP 427).
"""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig
import zipfile
from pathlib import Path


def wheel() -> Path | None:
    """Return the wheel of pip that `ensurepip` would install, or None where it is at neither of its two places.

    They are a directory of the distribution's, which Python was built with (`--with-wheel-pkg-dir`), and a part of
    `ensurepip` itself.
    """
    places = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    spec = importlib.util.find_spec("ensurepip")
    places += [f"{place}/_bundled" for place in (spec.submodule_search_locations if spec else None) or ()]
    found = (path for place in places if place for path in sorted(Path(place).glob("pip-*.whl")))
    return next(found, None)


def unpack(archive: Path, packages: Path) -> None:
    """Put the files of the wheel among an environment's packages, so that `python -m pip` starts. Raises OSError."""
    with zipfile.ZipFile(archive) as files:
        files.extractall(packages)


def remove(packages: Path) -> None:
    """Delete what `unpack` has put there, and what Python has compiled of it. Raises OSError."""
    for path in (packages / "pip", *packages.glob("pip-*.dist-info")):
        shutil.rmtree(path)
