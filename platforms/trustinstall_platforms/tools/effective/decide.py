"""What a client reads in a scene: the one function that commands ask before and after they write.

It runs and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.errors import printable
from trustinstall.facts import our_files, system_bundle
from trustinstall_platforms.tools.effective import paths, values
from trustinstall_platforms.tools.effective.clients import READ, every
from trustinstall_platforms.tools.effective.model import (
    Bundle,
    Effective,
    Form,
    Kind,
    Mode,
    Scene,
    Session,
    Setter,
    Variable,
)
from trustinstall_platforms.tools.effective.reading import Reader, Said, UnreadableError
from trustinstall_platforms.tools.sessions.instead import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.rows import Client, Place

_MOST_FILES = 2000  # of a directory of certificates
_LONGEST = 200  # characters of a value that are shown
_USUAL = frozenset({"HOME", "MAIL", "OLDPWD", "PWD", "SHELL", "SHLVL", "XDG_RUNTIME_DIR"})


def bare(host: Host, directory: str = "") -> Scene:
    """Return the scene of the acting account with no variables."""
    return Scene(host, (host.account.home or "").rstrip("/"), Session("bare", {}), directory)


def calling(host: Host) -> Scene:
    """Return the scene of the session that called trustinstall: the acting account's own variables.

    For root it has none: sudo may keep those of another account.
    """
    kept: Mapping[str, str] = {} if host.account.is_root else host.environ
    found = {each: Variable(each, value, Setter(Kind.VARIABLE), value) for each, value in kept.items()}
    return bare(host)._replace(session=Session("the session that calls", found))


def scenes(host: Host, sessions: Iterable[Session]) -> tuple[Scene, ...]:
    """Return the scene without variables, that of the calling session, and those of sessions, without repetition.

    Variables that name managed files are left out: the scenes are used to find the settings that they hide.
    """
    found = [bare(host), _not_ours(calling(host)), *(_not_ours(bare(host)._replace(session=one)) for one in sessions)]
    return distinct(found)


def distinct(scenes: Sequence[Scene]) -> tuple[Scene, ...]:
    """Return the scenes without those that have the same variables as one before."""
    return tuple({_said(one): one for one in reversed(scenes)}.values())[::-1]


def is_of(scene: Scene, sessions: Iterable[Session]) -> bool:
    """Whether a scene has the variables of one of these sessions."""
    return any(_said(_not_ours(scene._replace(session=one))) == _said(scene) for one in sessions)


def _not_ours(scene: Scene) -> Scene:
    said = scene.session.variables.items()
    kept = {each: one for each, one in said if not our_files.is_ours(one.value or "")}
    return scene._replace(session=scene.session._replace(variables=kept))


def _said(scene: Scene) -> frozenset[tuple[str, str | None]]:
    """Return what distinguishes a scene: the variables that clients of the tables read, and paths in others.

    A value in a settings file may begin with a path of any variable.
    """
    read = paths.MOVING | READ
    return frozenset(
        (each, one.value)
        for each, one in scene.session.variables.items()
        if each in read
        or each.lower().startswith(("git_config_", "npm_config_", "yarn_"))
        or ((one.value or "").startswith("/") and ":" not in (one.value or "") and each not in _USUAL)
    )


def all_of_them(scene: Scene) -> Iterator[tuple[Client, Effective]]:
    """Yield what each client of the tables reads, with profiles, URLs and commands that have their own settings."""
    for client in every(scene):
        yield client, effective(client, scene)


def effective(client: Client, scene: Scene) -> Effective:
    """Return what a client reads in a scene, and which place decides that."""
    counting = list(decisions(client, scene))
    answers = [found for _, found in counting]
    if not answers:
        return Effective(client.name, Mode.DEFAULT)
    beside = _directory(client, scene, counting[-1][0]) if client.beside else ()
    return Effective(
        client.name,
        answers[-1].mode,
        (*(bundle for one in answers for bundle in one.bundles), *beside),
        tuple(setter for one in answers for setter in one.deciders),
        next((one.problem for one in answers if one.problem), None),
    )


def decisions(client: Client, scene: Scene) -> Iterator[tuple[Place, Effective]]:
    """Yield the places that count, in the client's order, with their decisions: those that add, and a last one."""
    for place in client.places:
        found = _of_place(client, place, scene)
        if found is not None:
            yield place, found
            if found.mode is not Mode.ADDS:
                return


def _directory(client: Client, scene: Scene, decided: Place) -> tuple[Bundle, ...]:
    """Return the directory that a client reads beside the file of a setting, if another setting names one.

    It takes the place of the system's: curl(1), --capath; GNU Wget manual, ca_directory; git-config(1), http.sslCAPath.
    """
    if not decided.files or decided.form is not Form.FILE:
        return ()
    others = (one for one in client.places if one.files and one.form is Form.DIRECTORY and one.mode is Mode.REPLACES)
    found = (_of_place(client, one, scene) for one in others)
    return next((one.bundles for one in found if one is not None), ())


def replaced(client: Client, session: Session) -> Effective | None:
    """Return that nothing is known about a client that an alias, function or script replaces in a session; or None."""
    for program, setter in session.instead.items():
        if client.name in PROGRAMS[program]:
            what = f"{setter} has {program} run something else, which may name roots of its own"
            return _unknown(client, setter, what)
    return None


def anchors(host: Host, client: Client, found: Effective) -> frozenset[str]:
    """Return the SHA-256 of the anchors of an answer; see `anchor_ders`."""
    return frozenset(map(sha256_of, anchor_ders(host, client, found)))


def anchor_ders(host: Host, client: Client, found: Effective) -> frozenset[bytes]:
    """Return the DER of the anchors in the bundles of an answer, with the PEM labels that the client accepts.

    If no place decides, or a setting names the system's store, and the client follows that store: the system's anchors.
    They are included, too, if the client was built to read the system's directory.
    """
    ders = {der for bundle in found.bundles for der in _ders(host, bundle, client.labels)}
    system = found.mode in {Mode.DEFAULT, Mode.ADDS} and client.follows
    files = found.mode is Mode.REPLACES and all(one.form is Form.FILE for one in found.bundles)
    beside = files and not client.beside.isdisjoint(host.distribution())
    if system or beside or found.mode is Mode.NATIVE:
        roots = system_bundle.find(host)
        ders.update(ders_of(roots.content, client.labels) if roots else ())
    return frozenset(ders)


def digests(host: Host, bundle: Bundle) -> frozenset[str]:
    """Return the SHA-256 of every certificate in a bundle, with each PEM label that some client accepts."""
    return frozenset(map(sha256_of, _ders(host, bundle, CERTIFICATE_LABELS)))


def name(place: Place, scene: Scene) -> str:
    """Return the variable of a place that counts in a scene, or "" if none is set."""
    said = scene.session.variables
    folded = [each for each in said if each.lower() in place.variables] if place.folded else []
    return next(
        (
            each
            for each in (*place.variables, *folded)
            if each in said and (said[each].value is None or said[each].value or "" in place.words)
        ),
        "",
    )


def _of_place(client: Client, place: Place, scene: Scene) -> Effective | None:
    """Return the decision of one place, or None if it has no value."""
    try:
        said = _variable(place, scene) if place.variables else _setting(place, scene)
    except UnreadableError as error:
        return _unknown(client, error.setter, str(error))
    if said is None:
        return None
    value, setter = said
    if place.form is Form.NESTED:
        return _unknown(client, setter, f"{setter} names bundles for some hosts")
    if value is None:
        return _unknown(client, setter, f"{setter}: what it says is known only where it is run")
    word = place.words.get(value.strip().lower())
    if word is not None:
        return None if word is Mode.DEFAULT else Effective(client.name, word, (), (setter,))
    if place.form is Form.INLINE:
        inline = Bundle(setter.path, Form.INLINE, setter, value)
        return Effective(client.name, place.mode, (inline,), (setter,))
    return _of_paths(client, place, scene, value, setter) if value.strip() else None


def _of_paths(client: Client, place: Place, scene: Scene, value: str, setter: Setter) -> Effective | None:
    """Return the decision of a value that names bundles, or None if the next place counts."""
    found = values.paths(scene, place.expansion, value, setter)
    if found is None:
        what = "and which file that is cannot be known"
        return _unknown(client, setter, f"{setter} says {printable(value, _LONGEST)}, {what}")
    bundles = tuple(_bundle(scene.host, one, place, setter, value) for one in found)
    bundles = tuple(one._replace(single=True) for one in bundles) if place.single else bundles
    missing = next((one for one in bundles if not one.readable), None)
    if missing is None:
        return Effective(client.name, place.mode, bundles, (setter,))
    if not place.missing:
        return None
    what = "directory" if place.form is Form.DIRECTORY else "file of certificates"
    problem = f"{setter} names {printable(missing.path, _LONGEST)}, which is no {what}"
    return Effective(client.name, place.mode, bundles, (setter,), problem)


def _unknown(client: Client, setter: Setter, problem: str) -> Effective:
    return Effective(client.name, Mode.UNKNOWN, (), (setter,), problem)


def _variable(place: Place, scene: Scene) -> tuple[str | None, Setter] | None:
    found = scene.session.variables.get(name(place, scene))
    return (found.value, found.setter) if found is not None else None


def _setting(place: Place, scene: Scene) -> tuple[str | None, Setter] | None:
    """Return the value of a place's key in the first file that has it, the last one there. Raises UnreadableError."""
    reader = Reader(scene.host, scene.home)
    for path in paths.of_place(scene, place):
        if place.first and scene.host.status(scene.host.real(path)) is None:
            continue
        said = reader.read(place.format, path)
        keys = [one for one in said if _is(one, place.key)]
        rivals = [one for one in said if place.rival and _is(one, place.rival)]
        if rivals and (not keys or said.index(rivals[-1]) > said.index(keys[-1])):
            return None
        if keys:
            inline = place.form is Form.INLINE
            return "\n".join(one.value for one in keys) if inline else keys[-1].value, keys[-1].setter
        if place.first:
            return None
    return None


def _is(said: Said, key: tuple[str, ...]) -> bool:
    return said.key in {key, (*key[:-1], f"{key[-1]}[]")}


def _bundle(host: Host, path: str, place: Place, setter: Setter, said: str) -> Bundle:
    is_directory = host.is_directory(path)
    if is_directory or place.form is Form.DIRECTORY:  # most readers of files refuse a directory
        accepted = is_directory and (place.either or place.form is Form.DIRECTORY)
        return Bundle(path, Form.DIRECTORY, setter, said, accepted)
    return Bundle(path, place.form, setter, said, system_bundle.bundle(host, path) is not None)


def _ders(host: Host, bundle: Bundle, labels: frozenset[str]) -> Iterator[bytes]:
    for content in _contents(host, bundle):
        found = ders_of(content, labels)
        yield from found[:1] if bundle.single else found


def _contents(host: Host, bundle: Bundle) -> Iterator[bytes]:
    if bundle.form is Form.INLINE:
        yield bundle.said.replace("\\n", "\n").encode("utf-8", "surrogateescape")
    elif bundle.form is Form.DIRECTORY:
        for each in host.names(bundle.path)[:_MOST_FILES]:
            yield system_bundle.bundle(host, f"{bundle.path}/{each}") or b""
    else:
        yield system_bundle.bundle(host, bundle.path) or b""
