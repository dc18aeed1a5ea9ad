"""The state of a developer tool's settings file: the value of its key, who set it, and the bundle that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.errors import printable
from trustinstall.facts import our_files, system_bundle
from trustinstall.facts.programs import is_absolute
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools import deciding, switching
from trustinstall_platforms.tools.effective.model import Kind, Mode, Setter, one_of_each
from trustinstall_platforms.tools.key_in_file import LIMIT, PRIVATE, SHARED, KeyInFile
from trustinstall_platforms.tools.table import ADDS, SWITCHES

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall_platforms.tools.deciding import Decision
    from trustinstall_platforms.tools.table import Tool


class Setting(NamedTuple):
    """The current state of one settings file.

    Attributes:
        tool: the tool that reads it.
        value: the key's value, or None.
        own: the value that trustinstall would set: the path of a managed file, or the word for the system's store.
        managed: whether trustinstall set the value: it is `own`, or the path of a managed file in a former home.
        bundle: the path of the bundle that it names, links resolved; "" for none.
        wrong: why it cannot be changed, as a phrase; or None.
        damaged: whether the file cannot be read, so that a managed value may be in it.
        native: whether the tool reads the operating system's own store, by this file or the machine's.
        decided: whether `wrong` is a person's decision and not a fault: the file stays unchanged without a failure.
        undecided: whether the value is a word with the same effect as no key, as `true` of conda.
    """

    tool: Tool
    value: str | None
    own: str
    managed: bool = False
    bundle: str = ""
    wrong: str | None = None
    damaged: bool = False
    native: bool = False
    decided: bool = False
    undecided: bool = False

    @property
    def of_owner(self) -> bool:
        """Whether the file's owner chose the value."""
        return self.value is not None and not self.managed and not self.undecided

    @property
    def says_nothing(self) -> bool:
        """Whether the tool reads the same roots as without the key."""
        return self.value is None or self.undecided


def key_of(tool: Tool, location: str) -> KeyInFile:
    """Return the key by which a tool trusts the managed roots, for the settings file at `location`."""
    return KeyInFile(tool.format, tool.key, SHARED if location == tool.machine else PRIVATE)


def state_of(host: Host, decision: Decision) -> Setting:
    """Return the current state of the file in which a tool's key would be set. A file that fails is `damaged`."""
    tool, location = decision.tool, host.real(decision.path)
    try:
        value = key_of(tool, location).read(host, location)
        if tool.mode == SWITCHES:
            return _switched(host, tool, location, value)
        if tool.format == "json" and key_of(tool._replace(key=tool.key[:-1]), location).read(host, location) == "null":
            wrong = f"{location} says {'.'.join(tool.key[:-1])}: null; take that out, and trustinstall sets it"
            return Setting(tool, None, _own(host, tool), wrong=wrong, decided=True)
        said = decision.found.decider
        here = said.kind is Kind.SETTING and host.real(said.path) == location
        setting = _naming(host, tool, value, Setter(Kind.SETTING, location, said.line if here else 0))
        return setting if setting.managed else _decoded(host, setting, location)
    except editing.Malformed as error:
        return Setting(tool, None, _own(host, tool), wrong=str(error), damaged=True)
    except OSError as error:
        return Setting(tool, None, _own(host, tool), wrong=error.strerror, damaged=True)


def _decoded(host: Host, setting: Setting, location: str) -> Setting:
    """Return a setting with the reason if its tool cannot decode the file; a managed key can still be taken out."""
    content = host.read_or_none(location, LIMIT) or b""
    if not content.isascii():
        from trustinstall_platforms.tools.effective import encoding  # most files are ASCII

        try:
            encoding.check(host, setting.tool.format, content)
        except editing.Malformed as error:
            return setting._replace(wrong=str(error))
    return setting


def _own(host: Host, tool: Tool) -> str:
    return switching.own(tool) if tool.mode == SWITCHES else f"{our_files.directory(host)}/{_file_name(tool)}"


def _file_name(tool: Tool) -> str:
    return our_files.ANCHORS if tool.mode == ADDS else our_files.BUNDLE


def _switched(host: Host, tool: Tool, location: str, value: str | None) -> Setting:
    """Return the state of a key that switches the tool to the system's store."""
    said = switching.machine_says(host, tool) if value is None else switching.said(value)
    own = switching.own(tool)
    if value is None or said == tool.value:
        return Setting(tool, value, own, value == own, native=said == tool.value)
    return _of_owner(host, tool, value, switching.bundle(host, tool, location))


def _naming(host: Host, tool: Tool, value: str | None, setter: Setter) -> Setting:
    """Return the state of a key that names a bundle."""
    own, location = _own(host, tool), setter.path
    if value is None:
        return Setting(tool, value, own)
    if value == own or _is_own_elsewhere(host, tool, value, own):
        return Setting(tool, value, own, managed=True, bundle=value)
    word = deciding.word(host, tool, value)
    if word is None and deciding.reads_one(host, tool):
        return Setting(tool, value, own, wrong=one_of_each(setter), decided=True)
    if word is None:
        return _of_owner(host, tool, value, deciding.named(host, tool, value, location))
    if word is Mode.DEFAULT:
        return Setting(tool, value, own, undecided=True)
    system = system_bundle.find(host)
    if word is Mode.NATIVE and system is not None:
        return Setting(tool, value, own, bundle=system.path)
    what = f"{location} says {'.'.join(tool.key)}: {printable(value) or 'nothing'}"
    wrong = f"{what}, which counts; take that out, and trustinstall sets it"
    return Setting(tool, value, own, wrong=wrong, decided=True)


def _is_own_elsewhere(host: Host, tool: Tool, value: str, own: str) -> bool:
    """Whether a value names the managed file `own` by the path that it had before the home was moved.

    That path is missing now, or a link which was left at the old place leads to the managed file.
    """
    if not (is_absolute(host, value) and our_files.is_one(value, _file_name(tool))):
        return False
    return host.status(value) is None or host.real(value) == host.real(own)


def _of_owner(host: Host, tool: Tool, value: str, named: str) -> Setting:
    path = host.absolute(named) if named and (named.startswith("~/") or is_absolute(host, named)) else ""
    if not path or system_bundle.bundle(host, path) is None:
        what = "which is no bundle" if tool.mode != SWITCHES else "and no bundle beside it"
        what = what if named or tool.mode == SWITCHES else "and which file that is cannot be known"
        wrong = f"{'.'.join(tool.key)} says {printable(value)}, {what}; take the key out, or mend it"
        return Setting(tool, value, _own(host, tool), wrong=wrong)
    return Setting(tool, value, _own(host, tool), bundle=host.real(path))
