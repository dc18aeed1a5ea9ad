"""What conda, AWS and Yarn say of made-up settings is what `effective` says: who decides, and which file is meant."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.end_to_end.clients import askers
from tests.end_to_end.clients.fetched import tarballs
from tests.end_to_end.clients.homes import NAMES, few, home, know, path_of
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
        with tarfile.open(tarballs() / f"{name}.tgz") as file:
            file.extractall(top / name, filter="data")
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


@few(60)
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
