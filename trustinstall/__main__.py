"""The program's entry: isolated, quick for `--version`, and never a traceback."""

from __future__ import annotations

import gc
import sys

from trustinstall._version import __version__


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):  # half of the time of a typer start
        if code := _say_version():
            sys.exit(code)
        return
    gc.set_threshold(100_000)  # a short process with many imports: collections during start-up take a tenth of it
    from trustinstall.cli.main import run
    from trustinstall.host import console

    console.end(run(sys.argv[1:]))


def _say_version() -> int:
    """Print the version, and return the exit code."""
    try:
        print(f"trustinstall {__version__}", flush=True)  # noqa: T201  the program's console takes longer to import
    except OSError as error:
        from trustinstall.cli.common import tell_error
        from trustinstall.host import console

        if reason := console.unwritten(error, sys.stdout):
            tell_error(f"the version could not be written: {reason}")
            return 1
    return 0


if __name__ == "__main__":
    main()
