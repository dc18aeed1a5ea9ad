"""The program's entry: isolated, quick for `--version`, and never a traceback."""

from __future__ import annotations

import gc
import sys

from trustinstall._version import __version__


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # half of the time of a typer start
        sys.stdout.write(f"trustinstall {__version__}\n")
        return
    gc.set_threshold(100_000)  # a short process with many imports: collections during start-up take a tenth of it
    from trustinstall.cli.main import run
    from trustinstall.host import console

    console.end(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
