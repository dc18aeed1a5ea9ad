"""Version control: git, Mercurial, Subversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.numbers import whole
from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.clients.python import SSL, SSL_DIRECTORY
from trustinstall_platforms.tools.effective.model import Form, Mode, without_login
from trustinstall_platforms.tools.effective.reading import Reader, UnreadableError
from trustinstall_platforms.tools.effective.rows import DEBIAN, Client, Expansion, Place, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene, Session
    from trustinstall_platforms.tools.effective.reading import Said

_GIT_PATH = Expansion(tilde=True)
_URL = regex(r'http "(?P<url>.*)"')
_CONDITION = regex(r'includeif "(?P<condition>.*)"')
_HOST = regex(r"(?P<host>.+):verifycertsfile")
_HG_PATH = Expansion(tilde=True, variables="python")
_MOST_KEYS, _DEEP = 64, 3  # keys in variables, and files that include each other under conditions
_SVN = ("~/.subversion/servers", "/etc/subversion/servers")
_SVN_FORMAT = "ini-folded"
_SVN_NO = frozenset({"no", "false", "off", "0"})  # svn_config_get_bool


def git_files(scene: Scene) -> tuple[str, ...]:
    """Return git's files, by precedence (git-config(1), FILES)."""
    value = scene.session.value
    repository = next((f"{one}/.git" for one in paths.above(scene.directory) if scene.host.status(f"{one}/.git")), "")
    own = (f"{repository}/config.worktree", f"{repository}/config") if repository else ()
    named = value("GIT_CONFIG_GLOBAL")
    account = (named,) if named else ("~/.gitconfig", "{XDG_CONFIG_HOME|~/.config}/git/config")
    machine = () if _is_true(value("GIT_CONFIG_NOSYSTEM") or "") else ("{GIT_CONFIG_SYSTEM|/etc/gitconfig}",)
    return paths.every(scene, (*own, *account, *machine))


def _is_true(word: str) -> bool:
    """Whether git takes a word for yes (git-config(1), Values, boolean)."""
    return word.lower() in {"true", "yes", "on"} or bool(whole(word))


def hg_files(scene: Scene) -> tuple[str, ...]:
    """Return Mercurial's files, by precedence (hgrc(5), Files): HGRCPATH replaces all but one."""
    repository = next((f"{one}/.hg" for one in paths.above(scene.directory) if scene.host.status(f"{one}/.hg")), "")
    own = (f"{repository}/hgrc-not-shared", f"{repository}/hgrc") if repository else ()
    named = scene.session.variables.get("HGRCPATH")
    if named is not None and named.value is not None:
        listed = [one for one in named.value.split(":") if one]
        return paths.every(scene, (*own, *(each for one in reversed(listed) for each in _hg_part(scene, one))))
    account = ("{XDG_CONFIG_HOME|~/.config}/hg/hgrc", "~/.hgrc")
    return paths.every(scene, (*own, *account, *_hg_part(scene, "/etc/mercurial/hgrc.d"), "/etc/mercurial/hgrc"))


def _hg_part(scene: Scene, path: str) -> list[str]:
    if not scene.host.is_directory(path):
        return [path]
    return [f"{path}/{name}" for name in reversed(scene.host.names(path)) if name.endswith(".rc")]


def _git(section: str) -> tuple[Place, ...]:
    source = "git-config(1), http.sslCAInfo"
    return (
        Place(
            files=git_files, key=(section, "sslcainfo"), format="git", expansion=_GIT_PATH, source=source, known="real"
        ),
        Place(
            files=git_files,
            key=(section, "sslcapath"),
            format="git",
            form=Form.DIRECTORY,
            expansion=_GIT_PATH,
            source=source,
        ),
    )


GIT_VARIABLES = (
    variable("GIT_SSL_CAINFO", source="git-config(1), http.sslCAInfo", known="real"),
    variable("GIT_SSL_CAPATH", form=Form.DIRECTORY, source="git-config(1), http.sslCAPath"),
)


#: What git hands to its own programs; it is not read here (git.git, config.c, git_config_from_parameters).
_HANDED = (variable("GIT_CONFIG_PARAMETERS", form=Form.NESTED, source="git(1), -c"),)


def _hg(*keys: tuple[str, str]) -> tuple[Place, ...]:
    return tuple(
        Place(
            files=hg_files,
            key=key,
            format="hg",
            expansion=_HG_PATH,
            words={"!": Mode.OFF},
            source="hgrc(5), Files; web.cacerts",
            known="real",
        )
        for key in keys
    )


def _svn_client(scene: Scene, section: str = "global") -> Client:
    """Return Subversion for the servers of a group, or for all others; for each key a group's own has precedence.

    Sources: Subversion book, Runtime Configuration Area, servers; subversion/libsvn_ra_serf/serf.c, load_config;
    serf, ssl_buckets.c, serf_ssl_load_cert_file: PEM_read_X509 reads one certificate of a file.
    """
    keys = {one.key: one.value for one in _said(scene, _SVN_FORMAT, paths.every(scene, _SVN))}
    sections = tuple(dict.fromkeys((section, "global")))
    words = (keys[one, "ssl-trust-default-ca"] for one in sections if (one, "ssl-trust-default-ca") in keys)
    alone = next(words, "").lower() in _SVN_NO
    named = next((one for one in sections if (one, "ssl-authority-files") in keys), "global")
    place = Place(
        files=_SVN,
        key=(named, "ssl-authority-files"),
        format=_SVN_FORMAT,
        mode=Mode.REPLACES if alone else Mode.ADDS,
        expansion=Expansion(separator=";", variables="svn"),
        single=True,
        source="Subversion book, Runtime Configuration Area, servers",
        known="real",
    )
    return Client(
        "Subversion" if section == "global" else f"Subversion for {section}",
        (place,) if alone else (place, SSL, SSL_DIRECTORY),
        follows=not alone,
        tool="svn" if section == "global" else "",
        verifier="openssl",
    )


CLIENTS = (Client("Mercurial", _hg(("web", "cacerts")), tool="hg", verifier="python"),)


def git_variables(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the variables that stand for keys which name a bundle, by section, the last of them first.

    They have precedence over every file (git-config(1), Environment, GIT_CONFIG_COUNT).
    """
    count = whole(session.value("GIT_CONFIG_COUNT") or "") or 0
    found: dict[str, tuple[str, ...]] = {}
    for number in range(min(count, _MOST_KEYS)):
        section, _, key = (session.value(f"GIT_CONFIG_KEY_{number}") or "").rpartition(".")
        top, _, url = section.partition(".")
        if (top.lower(), key.lower()) == ("http", "sslcainfo"):
            name = f'http "{url}"' if url else "http"
            found[name] = (f"GIT_CONFIG_VALUE_{number}", *found.get(name, ()))
    return found


def main(scene: Scene) -> Iterator[Client]:
    """Yield git and Subversion for servers and repositories without settings of their own."""
    yield _git_client("git", scene, "http")
    yield _svn_client(scene)


def limited(scene: Scene) -> Iterator[Client]:
    """Yield git for URLs and for files that only some repositories include, and the others for hosts and groups."""
    said = list(_said(scene, "git", git_files(scene)))
    yield from _of_urls(scene, said, "git", ())
    yield from (
        _git_client(f"git for {without_login(section[6:-1])}", scene, section)
        for section in git_variables(scene.session)
        if section != "http"
    )
    yield from _included(scene, said, 0)
    for one in _said(scene, "hg", hg_files(scene)):
        if one.key[0] == "hostsecurity" and (match := _HOST.fullmatch(one.key[1])):
            yield Client(
                f"Mercurial for {match['host']}", _hg((one.key[0], one.key[1]), ("web", "cacerts")), verifier="python"
            )
    said_of_svn = _said(scene, _SVN_FORMAT, paths.every(scene, _SVN))
    groups = (one.key[0] for one in said_of_svn if one.key[1] in {"ssl-authority-files", "ssl-trust-default-ca"})
    yield from (_svn_client(scene, one) for one in dict.fromkeys(groups) if one not in {"global", "groups"})


def _git_client(name: str, scene: Scene, section: str, files: tuple[str, ...] = ()) -> Client:
    """Return git for one section; `files`: those that are read before git's own."""
    sections = dict.fromkeys((section, "http"))
    inner = tuple(place._replace(files=files) for one in sections for place in _git(one)) if files else ()
    said = git_variables(scene.session)
    keys = tuple(
        variable(*said[one], expansion=_GIT_PATH, source="git-config(1), GIT_CONFIG_COUNT", known="real")
        for one in sections
        if one in said
    )
    own = tuple(place for one in sections for place in _git(one))
    handed = _HANDED if "sslca" in (scene.session.value("GIT_CONFIG_PARAMETERS") or "").lower() else ()
    return Client(name, (*GIT_VARIABLES, *handed, *keys, *inner, *own), beside=DEBIAN, verifier="git")


def _of_urls(scene: Scene, said: list[Said], name: str, files: tuple[str, ...]) -> Iterator[Client]:
    for one in said:
        url = _URL.fullmatch(one.key[0])
        if url is not None and one.key[1] == "sslcainfo":
            yield _git_client(f"{name} for {without_login(url['url'])}", scene, one.key[0], files)


def _included(scene: Scene, said: list[Said], depth: int) -> Iterator[Client]:
    """Yield git for the files that are included under a condition, and for URLs in those."""
    for one in said if depth < _DEEP else ():
        condition = _CONDITION.fullmatch(one.key[0])
        if condition is None or one.key[1] != "path":
            continue
        directory = one.setter.path.rpartition("/")[0]
        path = scene.home + one.value[1:] if one.value.startswith("~/") else one.value
        path = path if path.startswith("/") else f"{directory}/{path}"
        name, inside = f"git for {condition['condition']}", list(_said(scene, "git", (path,)))
        yield _git_client(name, scene, "http", (path,))
        yield from _of_urls(scene, inside, name, (path,))
        yield from _included(scene, inside, depth + 1)


def _said(scene: Scene, format_: str, files: tuple[str, ...]) -> Iterator[Said]:
    """Yield each key once, from the file that counts."""
    known: set[tuple[str, ...]] = set()
    for path in files:
        try:
            said = Reader(scene.host, scene.home).read(format_, path)
        except UnreadableError:  # the client itself says so
            continue
        new = [one for one in said if len(one.key) > 1 and one.key not in known]
        known |= {one.key for one in new}
        yield from {one.key: one for one in new}.values()
