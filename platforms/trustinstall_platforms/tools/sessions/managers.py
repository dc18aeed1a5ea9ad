"""Variables in files of PAM and systemd, as their programs read them; nothing is run.

Sources: pam_env(8) and pam_env.conf(5) (Linux-PAM 1.5, _parse_env_file); environment.d(5) and systemd.syntax(7), with
the output of systemd 252's generator for odd files (tests/platforms/tools/sessions); systemd-system.conf(5).
Since Linux-PAM 1.5 ~/.pam_environment is not read unless an administrator asks for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trustinstall_platforms.tools.sessions.values import Variables

_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 10  # nested values
_LONGEST = 16 * 1024  # characters of a value
_IN_PAM = regex(r"([A-Za-z0-9_]+)=(.*)", re.DOTALL)
_PAM_CONF = regex(r"(DEFAULT|OVERRIDE)=(\"(?:[^\"\\]|\\.)*\"|\S*)")
_PAM_REFERENCE = regex(r"\\(.)|[$@]\{(\w+)\}")
_ASSIGNED = regex(r"[ \t]*DefaultEnvironment[ \t]*=(.*)", re.DOTALL)
_WORD = regex(r"(?:[^\s\"'\\]+|\\.|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')+", re.DOTALL)
_SPACES, _BLANKS, _KEY = regex(r"[ \t\r\n]*"), regex(r"[ \t\r]*"), regex(r"[^=\n]*")
_COMMENT = regex(r"(?:[^\\\n]|\\.)*\n?", re.DOTALL)
_TO_THE_END = regex(r"(?:[^\\\n]|\\.|\\$)*", re.DOTALL)
_VARIABLE = regex(r"[A-Za-z0-9_]+")
_BRACES = regex(r"\$\{|^\{|\}")
_QUOTED = regex(r"\\(.)|[\"']", re.DOTALL)


class Line(NamedTuple):
    """An assignment: its line from 1, the value without quotes, and as it is written."""

    name: str
    value: str
    line: int
    raw: str


def pam_environment(variables: Variables, text: str, path: str) -> None:
    """Set the variables of /etc/environment for PAM's logins."""
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.lstrip(" \t")
        if line.startswith("#"):
            continue
        found = _IN_PAM.fullmatch(line.removeprefix("export ").partition("#")[0])
        if found is None:
            continue
        name, said = found[1], found[2]
        value = said
        if said[:1] in {'"', "'"}:
            value = re.sub(r"[\"'](?=.)|[\"']$", "", said, flags=re.DOTALL)
        value = value.rstrip(" \t\r") if said == value else value
        if value:
            variables.set(name, Value(value, Setter(Kind.VARIABLE, path, number), said), export=True)
        else:
            variables.unset(name)


def pam_conf(variables: Variables, text: str, path: str, home: str) -> None:
    """Set the variables of pam_env.conf."""
    for number, line in continued(text):
        name, _, rest = line.strip().partition(" ")
        said = dict(_PAM_CONF.findall(rest.replace("\t", " "))) if _NAME.fullmatch(name) else {}
        for key in ("OVERRIDE", "DEFAULT"):
            value = _PAM_REFERENCE.sub(
                lambda one: one[1] or _reference(variables, one[2], home), said.get(key, "").strip('"')
            )
            if value:
                variables.set(name, Value(value, Setter(Kind.VARIABLE, path, number), said[key]), export=True)
                break


def environment_d(variables: Variables, text: str, path: str) -> None:
    """Set the variables of a file of environment.d: values see those before them, of earlier files, too."""
    for one in env_lines(text):
        if one.value and _NAME.fullmatch(one.name):
            value = Value(expanded(one.value, variables), Setter(Kind.VARIABLE, path, one.line), one.raw)
            variables.set(one.name, value, export=True)


def default_environment(variables: Variables, text: str, path: str) -> None:
    """Set the variables of DefaultEnvironment= in a file of systemd; an empty one resets all before it."""
    for number, line in continued(text):
        found = _ASSIGNED.fullmatch(line)
        if not found:
            continue
        if not found[1].strip():
            for name in variables.environment():
                variables.unset(name)
        for name, value in assignments(found[1], Setter(Kind.VARIABLE, path, number)).items():
            variables.set(name, value, export=True)


def assignments(text: str, setter: Setter) -> dict[str, Value]:
    """Return the variables of a value of DefaultEnvironment= or Environment=; those with a specifier are unknown."""
    found: dict[str, Value] = {}
    for word in _WORD.findall(text):
        name, equals, value = _QUOTED.sub(lambda one: one[1] or "", word).partition("=")
        if equals and _NAME.fullmatch(name):
            is_known = "%" not in value.replace("%%", "")
            found[name] = Value(value.replace("%%", "%") if is_known else None, setter, word)
    return found


def env_lines(text: str) -> Iterator[Line]:
    """Yield the assignments of a file of environment.d, in the order of the file."""
    at, line = 0, 1
    while at < len(text):
        start, first = at, line
        at, name, value = _env_line(text, at)
        line += text.count("\n", start, at)
        if name:
            raw = text[start:at].strip().partition("=")[2].strip()
            yield Line(name, value, first, raw)


def expanded(value: str, variables: Variables, depth: int = 0) -> str | None:
    """Return a value of environment.d with its variables: `$A`, `${A}`, `${A:-other}`, `${A:+other}`."""
    found: list[str] = []
    at = 0
    while at < len(value):
        dollar = value.find("$", at)
        if dollar < 0 or depth > _DEEPEST:
            found.append(value[at:])
            break
        found.append(value[at:dollar])
        at, piece = _variable(value, dollar + 1, variables, depth)
        if piece is None:
            return None
        found.append(piece)
    text = "".join(found)
    return text if len(text) <= _LONGEST else None


def _variable(value: str, at: int, variables: Variables, depth: int) -> tuple[int, str | None]:
    """Return the end of the variable that begins here, and its value."""
    if value.startswith("{", at):
        end = _closing(value, at)
        if end < 0:
            return len(value), f"${value[at:]}"
        return end + 1, _braced(value[at + 1 : end], variables, depth)
    if value.startswith("$", at):
        return at + 1, "$"
    name = _VARIABLE.match(value, at)
    return (name.end(), _known(variables, name[0])) if name else (at, "$")


def _braced(inside: str, variables: Variables, depth: int) -> str | None:
    name = re.match(r"[A-Za-z0-9_]*", inside)
    known = name[0] if name else ""
    rest = inside[len(known) :]
    value = _known(variables, known)
    if not rest:
        return value
    if rest.startswith((":-", ":+")):
        is_set = variables.get(known) is not None  # an empty one counts, unlike in a shell
        if is_set is rest.startswith(":-"):
            return value
        return expanded(rest[2:], variables, depth + 1)
    return ""


def _closing(value: str, at: int) -> int:
    """Return the place of the brace that closes the one here, or -1."""
    depth = 0
    for found in _BRACES.finditer(value, at - 1):
        depth += 1 if found[0] != "}" else -1
        if depth == 0:
            return found.start()
    return -1


def _known(variables: Variables, name: str) -> str | None:
    found = variables.get(name)
    return "" if found is None else found.text


def _reference(variables: Variables, name: str, home: str) -> str:
    if name == "HOME":
        return home
    return _known(variables, name) or ""


def continued(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not comments, numbered; a backslash at the end joins the next one."""
    held, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not held and line.lstrip().startswith(("#", ";")):
            continue
        first = first if held else number
        if line.endswith("\\"):
            held += f"{line[:-1]} "
        else:
            yield first, held + line
            held = ""
    if held:
        yield first, held


def _env_line(text: str, at: int) -> tuple[int, str, str]:
    """Return the end of the assignment (or comment) that begins here, its name ("" for none), and its value."""
    at = _behind(_SPACES, text, at)
    if text[at : at + 1] in {"#", ";"}:
        return _behind(_COMMENT, text, at), "", ""
    end = _behind(_KEY, text, at)
    if not text.startswith("=", end):
        return end + 1, "", ""
    after, value = _env_value(text, end + 1)
    return after, text[at:end].rstrip(), value


def _behind(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return the end of a match that begins here."""
    found = pattern.match(text, at)
    return found.end() if found else at


_PIECES: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (regex(r"'[^']*'?"), lambda one: one[1:].removesuffix("'")),
    (regex(r"\"(?:[^\"\\]|\\.)*\"?", re.DOTALL), lambda one: _in_double(one[1:].removesuffix('"'))),
)


def _env_value(text: str, at: int) -> tuple[int, str]:
    """Return the end of a value, and its text: quoted pieces side by side, or text up to the line's end."""
    found: list[str] = []
    while True:
        at = _behind(_BLANKS, text, at)
        if at >= len(text) or text[at] == "\n":
            return at + 1, "".join(found)
        quoted = next((one for one in _PIECES if one[0].match(text, at)), None)
        if quoted is None:
            said = text[at : _behind(_TO_THE_END, text, at)]
            found.append(_plain(said))
            return at + len(said) + 1, "".join(found)
        piece = quoted[0].match(text, at)
        found.append(quoted[1](piece[0]) if piece else "")
        at = piece.end() if piece else at + 1


def _plain(said: str) -> str:
    """Return text without quotes: backslashes are removed, and so are blanks at the end."""
    kept = said.rstrip(" \t\r")
    if (len(kept) - len(kept.rstrip("\\"))) % 2:
        kept = said[: len(kept) + 1]  # a blank after a backslash stays
    return re.sub(r"\\(.?)", lambda one: one[1].replace("\n", ""), kept, flags=re.DOTALL)


def _in_double(said: str) -> str:
    return re.sub(r"\\(.)", lambda one: _escaped(one[1]), said, flags=re.DOTALL)


def _escaped(one: str) -> str:
    if one == "\n":
        return ""
    return one if one in '"\\`$' else f"\\{one}"
