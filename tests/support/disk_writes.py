"""Records the writes of a command, call by call, and computes the disks that a loss of power at any time may leave.

strace(1) records the calls. A file system keeps the content of files and the names in directories that fsync(2) has
made durable. Of the other names it may keep none, or all until some time, separately for each directory; content that
is not durable may be missing or incomplete. (Sources: fsync(2); "All File Systems Are Not Created Equal", OSDI 2014;
ext4, xfs and btrfs keep the names of one directory in order.)
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CALLS = "openat,write,fsync,rename,renameat2,unlink,mkdir,rmdir,symlink,ftruncate"
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"|<((?:\\x[0-9a-f]{2})+)>')
_LINE = re.compile(r"(\d+) +(?:<\.\.\. \w+ resumed>)?(.*)", re.DOTALL)
Disk = Mapping[str, bytes | None]  # path below the top -> content; None for a directory


@dataclass
class Write:
    """One call, which changes names, writes content, or makes a file or directory durable.

    Attributes:
        names: the inode of each new name, by path; None for a removed name.
        inode: the number of the file that `content` is appended to.
        content: the written bytes, or None.
        durable: the path of a directory, or the number of a file, that it makes durable; or None.
    """

    names: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    inode: int = 0
    content: bytes | None = None
    durable: str | int | None = None  # a directory, or an inode

    @property
    def directory(self) -> str:
        """The directory of its names; "" if it has none."""
        return next(iter(self.names), "").rpartition("/")[0]


@dataclass
class Recording:
    """A disk before a command, and the writes of the command.

    Attributes:
        inodes: the first content of each file, by number; None for a directory.
        names: the number of each file and directory before the command, by path.
        writes: the writes, in order.
    """

    inodes: dict[int, bytes | None] = field(default_factory=dict[int, "bytes | None"])
    names: dict[str, int] = field(default_factory=dict[str, int])
    writes: list[Write] = field(default_factory=list[Write])

    @classmethod
    def of(cls, top: Path, command: Sequence[str], env: Mapping[str, str]) -> Recording:
        """Run a command, which must succeed, with the variables `env`, and record its writes below `top`."""
        self = cls()
        for path, content in disk(top).items():
            self._new(path, content)
        log = top.with_name("strace")
        words = ("strace", "-f", "-y", "-xx", "-s", "9999999", "-o", str(log), "-e", f"trace={_CALLS}")
        subprocess.run([*words, *command], env=env, check=True, timeout=120)
        now = dict(self.names)
        for name, found in _calls(log.read_text("ascii"), f"{top}/"):
            self.writes += self._write(now, name, found)
        return self

    def _new(self, path: str, content: bytes | None) -> int:
        inode = len(self.inodes) + 1
        self.inodes[inode] = content
        self.names[path] = inode
        return inode

    def _write(self, now: dict[str, int], name: str, words: list[str]) -> Iterator[Write]:
        """Yield the write of a call, if it is one, and update the present names `now`."""
        path, given = words[0], dict[str, "int | None"]()
        if name in {"openat", "mkdir"}:
            if path in now:
                return
            inode = len(self.inodes) + 1
            self.inodes[inode] = None if name == "mkdir" else b""
            given = {path: inode}
        elif name == "rename":
            given = {words[0]: None, words[1]: now[words[0]]}
        elif name == "exchange":
            given = {words[0]: now[words[1]], words[1]: now[words[0]]}
        elif name in {"unlink", "rmdir"}:
            given = {path: None}
        elif name == "write":
            yield Write(inode=now[path], content=bytes.fromhex(words[1]))
        elif name == "fsync":
            inode = now.get(path, 0)
            yield Write(durable=path if self.inodes.get(inode, b"") is None or not path else inode)
        else:
            raise ValueError(f"a recording knows no call {name}")
        for each, there in given.items():
            now.pop(each, None)
            now.update({each: there} if there else {})
        if given:
            yield Write(names=dict(given))

    def disks(self) -> Iterator[Disk]:
        """Yield each disk that a loss of power during the command may leave, once."""
        seen: set[frozenset[tuple[str, bytes | None]]] = set()
        for moment in range(len(self.writes) + 1):
            for one in self._at(moment):
                key = frozenset(one.items())
                if key not in seen:
                    seen.add(key)
                    yield one

    def _at(self, moment: int) -> Iterator[Disk]:
        done = self.writes[:moment]
        loose: dict[str, list[Write]] = {}
        for index, one in enumerate(done):
            if one.names and not any(later.durable == one.directory for later in done[index:]):
                loose.setdefault(one.directory, []).append(one)
        everything = {directory: len(ones) for directory, ones in loose.items()}
        nothing = dict.fromkeys(loose, 0)
        alone = [{**nothing, directory: number} for directory, number in everything.items()]
        others = [{**everything, directory: 0} for directory in loose]
        for kept in (nothing, everything, *alone, *others):
            left = {id(one) for directory, ones in loose.items() for one in ones[kept[directory] :]}
            for share in (0.0, 0.5, 1.0):
                yield self._disk([one for one in done if id(one) not in left], done, share)

    def _disk(self, kept: Sequence[Write], done: Sequence[Write], share: float) -> Disk:
        """Return the disk with the names of `kept`, and the content of `done`.

        `share` (0 to 1) is the part of each content that is kept although it is not durable.
        """
        names = {**self.names}
        for one in kept:
            for path, inode in one.names.items():
                names.pop(path, None)
                names.update({path: inode} if inode else {})
        contents = dict(self.inodes)
        for index, one in enumerate(done):
            if one.content is not None:
                durable = any(later.durable == one.inode for later in done[index:])
                new = one.content if durable else one.content[: int(len(one.content) * share)]
                contents[one.inode] = (contents[one.inode] or b"") + new
        return {path: contents[inode] for path, inode in names.items() if _has_parents(path, names)}


def _has_parents(path: str, names: Mapping[str, int]) -> bool:
    above = path.rpartition("/")[0]
    return not above or (above in names and _has_parents(above, names))


def disk(top: Path) -> Disk:
    """Return the files and directories below a directory."""
    found = sorted(top.rglob("*"))
    return {str(one.relative_to(top)): None if one.is_dir() else one.read_bytes() for one in found}


def lay_out(content: Disk, top: Path, like: Path) -> None:
    """Write a disk below `top`, with the modes of the files that have the same names below `like`."""
    for path, data in sorted(content.items()):
        new, old = top / path, like / path
        if data is None:
            new.mkdir()
        else:
            new.write_bytes(data)
            new.chmod(0o600)
        if old.exists():
            new.chmod(old.stat().st_mode & 0o7777)


def _calls(log: str, top: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the successful calls that concern `top`, in the order of their ends: a name, and paths below `top`."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        thread, text = match[1], begun.pop(match[1], "") + match[2]
        if text.endswith("<unfinished ...>"):
            begun[thread] = text.removesuffix("<unfinished ...>")
            continue
        call, _, answer = text.rpartition(" = ")
        if answer and not answer.startswith("-1"):
            name, words = call.partition("(")[0], [_text(one) for one in _STRING.finditer(call)]
            yield from _call(name, call, words, top)


def _call(name: str, call: str, words: list[bytes], top: str) -> Iterator[tuple[str, list[str]]]:
    paths = [os.fsdecode(one) for one in words]
    if name == "openat":
        paths = paths[-1:]
    elif name == "renameat2":
        paths = [paths[1], paths[3]]
        name = "exchange" if "RENAME_EXCHANGE" in call else "rename"
    inside = [one.removeprefix(top) for one in paths if one.startswith(top) or f"{one}/" == top]
    if not inside or (name == "openat" and "O_CREAT" not in call):
        return
    yield (name, [inside[0], words[1].hex()]) if name == "write" else (name, inside)


def _text(match: re.Match[str]) -> bytes:
    return bytes.fromhex((match[1] or match[2] or "").replace("\\x", ""))
