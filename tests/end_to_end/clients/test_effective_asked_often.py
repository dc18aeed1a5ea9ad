"""What conda, AWS and Yarn say of made-up settings is what `effective` says: who decides, and which file is meant."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.end_to_end.clients import askers
from tests.end_to_end.clients.fetched import tarballs
from tests.end_to_end.clients.homes import NAMES, few, home, know, path_of, say
from trustinstall_platforms.tools.effective.model import Effective, Mode

_named = st.sampled_from(NAMES)


@pytest.fixture(scope="module")
def conda() -> Iterator[askers.Asker]:
    """conda, which answers `conda config`."""
    with askers.asker(*askers.conda()) as found:
        yield found


@pytest.fixture(scope="module")
def aws() -> Iterator[askers.Asker]:
    """AWS' command line, which answers `aws configure`."""
    with askers.asker(*askers.aws()) as found:
        yield found


@pytest.fixture(scope="module")
def yarns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Yarn 1, 3 and 4, unpacked, by the name of the client."""
    top = tmp_path_factory.mktemp("yarns")
    found: dict[str, Path] = {}
    for name, client in (("yarn", "Yarn 1"), ("berry-3", "Yarn 2 and 3"), ("berry", "Yarn from 4 on")):
        (top / name).mkdir()
        subprocess.run(["tar", "-xzf", tarballs() / f"{name}.tgz", "-C", top / name], check=True, timeout=60)
        found[client] = top / name / "package/bin/yarn.js"
    return found


def _said_by_conda(found: Effective | None) -> object:
    """What conda would show of an answer: a path, whether it verifies, or "refused"; None where it is not known."""
    assert found is not None
    words = {Mode.DEFAULT: True, Mode.OFF: False, Mode.NATIVE: "truststore", Mode.UNKNOWN: None}
    if found.mode in words:
        return words[found.mode]
    return path_of(found) if found.problem is None else "refused"


_WORDS = ("true", "no", "Off", "y", "none", "~", "", "0", "1", "truststore", "'false'", '"on"')
_value = st.one_of(
    *(_named.map(form.format) for form in ("TOP/{0}", "$HOME/{0}", '"${{HOME}}/{0}"', "'TOP/{0}'", "TOP/gone{0}")),
    *(_named.map(form.format) for form in ("~/{0}", "$UNSET/{0}", "&a TOP/{0}", "!!str TOP/{0}", ">-\n  TOP/{0}")),
    *(_named.map(form.format) for form in ("\n  TOP/{0}", '"TOP\\x2f{0}"', "'TOP/\n  {0}'", "|\n  TOP/{0}")),
    st.sampled_from(_WORDS),
)
_key = st.sampled_from(["ssl_verify", '"ssl_verify"', "verify_ssl", "'verify_ssl' "])
_end = st.sampled_from(["", "", "", "", " # mine", " #!final", "\n\n# more", "\n...", "#x"])
_OTHERS = (
    "",
    "channels: [a, b]\n",
    "channels:\n- a\n- b\nproxy_servers: {http: c}\n",
    "---\n",
    "%YAML 1.2\n---\n",
    "x: 'a\n  b: c'\n",
    "\ufeff",
)
_block = st.tuples(st.sampled_from(_OTHERS), _key, _value, _end).map(
    lambda one: f"{one[0]}{one[1]}: {one[2]}{one[3]}\n"
)
_flow_value = _value.filter(lambda one: not one.startswith((">", "|")))
_flow = st.tuples(_key, _flow_value, st.sampled_from(["", "a: b, ", "a: [b, {c: d}],\n  ", "a, "])).map(
    lambda one: "{" + f"{one[2]}{one[0]}: {one[1]}" + "}\n"
)
_aliased = _named.map("a: &top TOP/{0}\nssl_verify: *top\n".format)
_condarc = st.one_of(st.just(""), _block, _block, _flow, _aliased)
_CONDARCS = (".condarc", ".conda/condarc", ".conda/condarc.d/b.yml", ".config/conda/.condarc", "x/conda/condarc")


@few(40)
@given(
    files=st.dictionaries(st.sampled_from([*_CONDARCS, "prefix/.condarc", "moved", "moved.yml"]), _condarc, max_size=4),
    variables=st.dictionaries(st.sampled_from(["XDG_CONFIG_HOME", "CONDA_PREFIX", "CONDARC"]), st.just(""), max_size=2),
    own=st.sampled_from(["", "", "", "false", "TOP/c.pem"]),
)
@example(files={".condarc": "{ssl_verify: TOP/a.pem}\n"}, variables={}, own="")
@example(files={".condarc": "ssl_verify: ~/a.pem\n"}, variables={}, own="")
@example(files={".condarc": "ssl_verify: TOP/a.pem\n", ".conda/condarc.d/b.yml": "x: y\n"}, variables={}, own="")
@example(files={".conda/condarc": "ssl_verify: TOP/a.pem #!final\n"}, variables={}, own="TOP/b.pem")
@example(
    files={".condarc": "verify_ssl: TOP/a.pem\n", ".conda/.condarc": "ssl_verify: TOP/b.pem\n"}, variables={}, own=""
)
def test_conda(conda: askers.Asker, files: dict[str, str], variables: dict[str, str], own: str) -> None:
    """`conda config --show ssl_verify` says the same, wherever its files lie, and however YAML is written."""
    with home(files) as top:
        places = {"XDG_CONFIG_HOME": "x", "CONDA_PREFIX": "prefix", "CONDARC": "moved.yml"}
        env = {"HOME": str(top), **{name: f"{top}/{places[name]}" for name in variables}}
        env |= {"CONDA_SSL_VERIFY": own.replace("TOP", str(top))} if own else {}
        code, said = conda.ask(["config", "--show", "ssl_verify", "--json"], env, top)
        expected = json.loads(said)["ssl_verify"] if code == 0 else "refused"
        ours = _said_by_conda(know(top, "conda", env))
        # conda refuses a value that another file hides, too; where only one speaks, it is the one that counts
        hidden = expected == "refused" and len([one for one in (own, *files.values()) if one]) > 1
        assert hidden or ours in {expected, None}


_section = st.sampled_from(["default", "profile default", "profile dev", "dev", "profile other"])
_aws_key = st.sampled_from(["ca_bundle", "ca_bundle ", "region", "CA_BUNDLE"])
_aws_file = st.lists(st.tuples(_section, _aws_key, _named), max_size=4, unique_by=lambda row: row[0]).map(
    lambda rows: "".join(f"[{section}]\n{key} = TOP/{name}\n" for section, key, name in rows)
)


@few(12)
@given(
    config=_aws_file,
    credentials=_aws_file,
    moved=st.sampled_from(["", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]),
    profiles=st.dictionaries(
        st.sampled_from(["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]),
        st.sampled_from(["dev", "other", "default"]),
        max_size=2,
    ),
)
@example(
    config="[profile dev]\nca_bundle = TOP/a.pem\n",
    credentials="",
    moved="AWS_CONFIG_FILE",
    profiles={"AWS_PROFILE": "dev", "AWS_DEFAULT_PROFILE": "dev"},
)
def test_aws(aws: askers.Asker, config: str, credentials: str, moved: str, profiles: dict[str, str]) -> None:
    """`aws configure get ca_bundle` says the same for the profile that is used, and for each other one."""
    files = {"AWS_CONFIG_FILE": ".aws/config", "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials"}
    texts = dict(zip(files, (config, credentials), strict=True))
    with home({("moved" if name == moved else files[name]): text for name, text in texts.items()}) as top:
        variables = {"HOME": str(top), **profiles, **({moved: f"{top}/moved"} if moved else {})}
        code, said = aws.ask([], variables, top)
        if code in {0, 1}:  # not a profile that is nowhere
            assert path_of(know(top, "AWS", variables)) == said
        for name in ("default", "dev", "other"):
            code, said = aws.ask([name], variables, top)
            found = know(top, f"AWS for {name}", variables)
            if found is not None:
                assert path_of(found) == said


_YARNS = {
    "Yarn 1": (".yarnrc", "cafile", '{0} "{1}"\n', "yarn_cafile"),
    "Yarn 2 and 3": (".yarnrc.yml", "caFilePath", "{0}: {1}\n", "YARN_CA_FILE_PATH"),
    "Yarn from 4 on": (".yarnrc.yml", "httpsCaFilePath", "{0}: {1}\n", "YARN_HTTPS_CA_FILE_PATH"),
}
_yarn_value = _named.flatmap(
    lambda name: st.sampled_from([f"TOP/{name}", f'"TOP/{name}"', f"${{HOME}}/{name}", "null"])
)
_yarn_file = st.one_of(st.just(""), _yarn_value)


@pytest.mark.parametrize("client", _YARNS)
@few(4)
@given(own=_yarn_file, project=_yarn_file, flow=st.booleans(), variable=st.one_of(st.just(""), _named))
def test_yarn(yarns: dict[str, Path], client: str, own: str, project: str, variable: str, *, flow: bool) -> None:
    """`yarn config get` names the same file: variable, project and account, in each of YAML's styles."""
    file, key, form, name = _YARNS[client]
    form = "{{{0}: {1}}}\n" if flow and file.endswith("yml") and "$" not in own + project else form
    if client == "Yarn 1":  # it expands nothing, and has no null
        own, project = ("" if one == "null" or "$" in one else one.strip('"') for one in (own, project))
    files = {file: own, f"p/{file}": project}
    texts = {path: form.format(key, text) if text else "" for path, text in files.items()}
    with home({**texts, "p/package.json": "{}", "p/yarn.lock": ""}) as top:
        variables = {name: f"{top}/{variable}"} if variable else {}
        said = say(top, ["node", str(yarns[client]), "config", "get", key], variables, "p").splitlines()
        expected = said[-1] if said else ""
        found = know(top, client, variables, f"{top}/p")
        assert path_of(found) == ("" if expected in {"null", "undefined"} else expected)
