"""Command lines of clouds: AWS, Google Cloud."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective import paths
from trustinstall_platforms.tools.effective.clients.python import REQUESTS_ALONE
from trustinstall_platforms.tools.effective.reading import Reader, Said, UnreadableError
from trustinstall_platforms.tools.effective.rows import Client, Expansion, Place, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.effective.model import Scene

_AWS_CONFIG = ("{AWS_CONFIG_FILE|~/.aws/config}",)
_AWS_CREDENTIALS = ("{AWS_SHARED_CREDENTIALS_FILE|~/.aws/credentials}",)
#: urllib3 expands the path that botocore hands on (urllib3, connection.py: os.path.expanduser).
_AWS_PATH = Expansion(tilde=True)
_AWS_VARIABLE = variable(
    "AWS_CA_BUNDLE", expansion=_AWS_PATH, source="botocore documentation, configuration, ca_bundle", known="real"
)
_REQUESTS = REQUESTS_ALONE._replace(expansion=_AWS_PATH)
_SOURCE = "botocore, configloader.py, build_profile_map; session.py, full_config: credentials are put over it"
_GCLOUD = "{CLOUDSDK_CONFIG|~/.config/gcloud}"
_GCLOUD_KEY = ("core", "custom_ca_certs_file")


def _aws(files: tuple[str, ...], section: str) -> Place:
    return Place(
        files=files,
        key=(section, "ca_bundle"),
        format="ini-sections",
        expansion=_AWS_PATH,
        source=_SOURCE,
        known="real",
    )


def aws_default(scene: Scene) -> str:
    """Return the section that botocore takes for the default profile: of its two headings the later one replaces."""
    names = [one for one in _sections(scene, "ini-sections", _AWS_CONFIG) if one in {"default", "profile default"}]
    return names[-1] if names else "default"


def aws_profile(scene: Scene) -> str:
    """Return the profile that is used if no option names one (botocore, session.py, SESSION_VARIABLES)."""
    return scene.session.value("AWS_DEFAULT_PROFILE") or scene.session.value("AWS_PROFILE") or "default"


def _profile(scene: Scene, name: str) -> Client:
    section = aws_default(scene) if name == "default" else _section(scene, name)
    places = (_AWS_VARIABLE, _aws(_AWS_CREDENTIALS, name), _aws(_AWS_CONFIG, section), _REQUESTS)
    return Client(
        "AWS" if name == aws_profile(scene) else f"AWS for {name}",
        places,
        follows=False,
        tool="aws" if name == aws_profile(scene) == "default" else "",
        alone=True,
        verifier="python",
    )


def _section(scene: Scene, name: str) -> str:
    """Return the heading of a profile: of several the last one."""
    headings = (one for one in reversed(_sections(scene, "ini-sections", _AWS_CONFIG)) if _profile_of(one) == name)
    return next(headings, f"profile {name}")


def _profile_of(heading: str) -> str:
    """Return the profile of a heading, "" for another one (botocore, configloader.py, build_profile_map)."""
    if not heading.startswith("profile"):
        return ""
    try:
        word, name = shlex.split(heading)
    except ValueError:  # open quotes, or not two words: botocore ignores it
        return ""
    return name if word == "profile" else ""


def _configuration(scene: Scene) -> str:
    """Return the active configuration of gcloud (gcloud topic configurations)."""
    named = scene.session.value("CLOUDSDK_ACTIVE_CONFIG_NAME")
    if named:
        return named
    for path in paths.of(scene, f"{_GCLOUD}/active_config"):
        try:
            found = (scene.host.read_or_none(scene.host.real(path), 4096) or b"").decode("ascii", "replace").strip()
        except OSError:
            found = ""
        if found.replace("-", "").isalnum():
            return found
    return "default"


def _gcloud(name: str) -> tuple[Place, ...]:
    files = (f"{_GCLOUD}/configurations/config_{name}", "/usr/lib/google-cloud-sdk/properties")
    source = "gcloud topic configurations; gcloud config, core/custom_ca_certs_file"
    return (
        variable("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", source=source),
        Place(files=files, key=_GCLOUD_KEY, format="ini", expansion=Expansion(tilde=True), source=source),
    )


CLIENTS = (
    Client(
        "gsutil",
        (
            Place(
                files=("{BOTO_CONFIG|~/.boto}", "/etc/boto.cfg"),
                key=("Boto", "ca_certificates_file"),
                format="ini",
                words={},
                source="gsutil documentation, gsutil config; boto config tutorial",
            ),
        ),
        follows=False,
        tool="boto",
        verifier="python",
    ),
)


def main(scene: Scene) -> Iterator[Client]:
    """Yield AWS with the profile, and Google Cloud with the configuration, that is active."""
    yield _profile(scene, aws_profile(scene))
    active = _configuration(scene)
    yield Client(
        "gcloud", _gcloud(active), follows=False, tool="gcloud" if active == "default" else "", verifier="python"
    )


def limited(scene: Scene) -> Iterator[Client]:
    """Yield those, and each other profile and configuration that has a setting of its own."""
    yield from main(scene)
    config, credentials = (
        {one.key[0] for one in _said(scene, "ini-sections", files) if one.key[1:] == ("ca_bundle",)}
        for files in (_AWS_CONFIG, _AWS_CREDENTIALS)
    )
    named = {name for one in config if (name := _profile_of(one))} | credentials
    named |= config & {"default"}
    yield from (_profile(scene, one) for one in sorted(named - {aws_profile(scene)}))
    active = _configuration(scene)
    for directory in paths.of(scene, f"{_GCLOUD}/configurations"):
        for name in scene.host.names(directory):
            other = name.removeprefix("config_")
            if name.startswith("config_") and other != active:
                yield Client(f"gcloud for {other}", _gcloud(other), follows=False, verifier="python")


def _sections(scene: Scene, format_: str, templates: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(one.key[0] for one in _said(scene, format_, templates)))


def _said(scene: Scene, format_: str, templates: tuple[str, ...]) -> list[Said]:
    found: list[Said] = []
    for path in paths.every(scene, templates):
        try:
            found += Reader(scene.host, scene.home).read(format_, path)
        except UnreadableError:  # the client itself says so
            continue
    return found
