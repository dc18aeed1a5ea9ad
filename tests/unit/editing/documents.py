"""Files that people write, of every format, in every formatting that editors leave."""

from __future__ import annotations

import json

from hypothesis import strategies as st

PIECES: dict[str, list[str]] = {
    "json": [],
    "ini": [
        "[global]",
        "[install]",
        "[global]  ; twice",
        "[DEFAULT]",
        "timeout = 60",
        "index-url: URL",
        "cert = /old/two.pem",
        "trusted-host =",
        "    one.example",
        "\ttwo.example",
        "# a comment",
        "; cert = /old/one.pem",
        "  # indented comment",
        "",
        "  ",
        "s3 =\n  signature = v4\n  [global]",
        "Odd Key   =   odd = value",
    ],
    "ini-folded": ["[Global]", "[groups]", "[DEFAULT]", "HTTP-Timeout = 9", "corp = *.corp", "# comment", "", "  "],
    "ini-options": ["[global]", "[install]", "trusted_host = a", "--Timeout = 9", "# --cert = x", ""],
    "ini-sections": [
        "[default]",
        "[profile other]",
        "[DEFAULT]",
        "region = x",
        "s3 =\n  max = 4",
        "# comment",
        "",
        "  ",
    ],
    "hgrc": ["[web]", "[ui]", "%include more.rc", "%unset style", "name = %x", "a =\n  %b", "# comment", ""],
    "wgetrc": [
        "# ca_certificate = x",
        "[section]",
        "tries = 3 # no comment",
        "  User-Agent= 'quoted",
        "no setting",
        "",
    ],
    "git": [
        '[user]\n\tname = Ärger \\"quoted\\" # why',
        "[http]",
        "[HTTP] sslVerify = false",
        '[http "https://x.example"]',
        "\tsslCAInfo = C:/mine.pem ; theirs",
        "\tproxy = a\\\n  b\\\\\n",
        "[core]\n\tbare\n\tautocrlf=true",
        "[alias]\n\tx = \"!f() { echo '#'; }; f\"",
        "# sslbackend = openssl",
        "; comment \\",
        "",
        "  \t",
        "key-1 = 1",
    ],
    "npmrc": [
        "registry=URL",
        "//host/:_authToken=${TOKEN}",
        "# cafile=/home/alice/.local/share/trustinstall/bundle.pem",
        "; comment",
        "ca[]=one",
        "ca[]=two",
        "[section]",
        "fund",
        "key = 'quoted ; value'",
        "  padded  =  yes  # why",
        "",
    ],
    "toml": [
        "# comment",
        'a = "x"',
        "b.c = 'y'",
        "list = [\n  1, # one\n  2,\n]",
        '"quoted key" = { x = 1, y = "}" }',
        's = """\n[http]\ncainfo = "no"\n"""',
        "t = '''\n[http]'''",
        "[http]",
        "  [http.proxy]",
        "[[bin]]",
        "[a.b] # c",
        "when = 2020-01-01 00:00:00",
        "",
        "\t",
        "off = false",
    ],
    "yaml": [
        "# comment",
        "channels:\n  - defaults\n  - 'x: y'",
        "sources:\n- URL",
        ":backtrace: false",
        "text: |\n  ssl_verify: no\n  more\n",
        "plain: value # why",
        '"quoted": "a: b"',
        "nested:\n  ssl_verify: false",
        "empty:",
        "",
        "flow: {a: 1, b: [2]}",
    ],
    "shell": [
        "#!/bin/sh",
        "# export NODE_EXTRA_CA_CERTS=/x",
        "export PATH=$PATH:/x",
        "if true; then\n  A=1\nfi",
        "cat <<EOF\nNODE=1\nEOF",
        "exit 0",
        "",
        "echo \\",
    ],
    "yaml-list": [
        "# comment",
        "mounts:\n- location: ~",
        "provision:\n- mode: system\n  script: |\n    caCerts:\n      files:",
        "cpus: 4 # why",
        "caCerts:\n  removeDefaults: false",
        "caCerts:\n  files:\n  - /mine.pem",
        "",
        "empty:",
    ],
    "yaml-block": [
        "# comment",
        "channels:\n  - defaults",
        "proxy_servers:\n  http: mine",
        "text: |\n  proxy_servers: no\n  more\n",
        "nested:\n  proxy_servers: false",
        "",
        "empty:",
    ],
    "section": [
        "#!/bin/sh",
        "# export A=1",
        "case $- in *i*) ;; *) return;; esac",
        "cat <<EOF",
        "A='",
        "",
        "\t",
        "x=1 \\",
    ],
    "proxy-section": ["#!/bin/sh", "# >>> trustinstall >>>", "# <<< trustinstall <<<", "A='", "", "x=1 \\"],
    "proxy-section-last": [
        "# >>> trustinstall >>>",
        "# <<< trustinstall <<<",
        "http.nonProxyHosts=a|*.b",
        "",
        "x=1 \\",
    ],
    "maven": [
        "<offline>false</offline>",
        "  <proxies>\n    <!-- proxy\n    <proxy/>\n    -->\n  </proxies>",
        "<proxies><!-- a --></proxies><mirrors/>",
        "<proxies><proxy><host>mine</host></proxy></proxies>",
        "<proxies/>",
        "<!-- <proxies></proxies> é -->",
        "<servers><server><password>a&amp;<![CDATA[</settings>]]></password><proxies>é</proxies></server></servers>",
        "",
    ],
    "yarnrc": ['registry "URL"', "# cafile", "lastUpdateCheck 1", '"--install.x" true', "", "a:\n  b c"],
}

#: Formats whose tools take a carriage return alone for the end of a line.
_INI = {"hgrc", "ini", "ini-folded", "ini-options", "ini-sections"}
CR_ENDS = {*_INI, "npmrc", "yaml", "yaml-list", "yaml-block", "yarnrc"}


def documents(kind: str) -> st.SearchStrategy[bytes]:
    """Files of the format, in every formatting that editors leave."""
    pieces = st.lists(st.sampled_from(PIECES[kind]), max_size=8)
    ends = ["\n", "\r\n", "\r"] if kind in CR_ENDS else ["\n", "\r\n"]
    if kind == "maven":
        heads = st.sampled_from(["<settings>", '<?xml version="1.0"?>\n<settings xmlns="é">', "<!-- a --><settings\n>"])
        pieces = st.builds(_settings, heads, pieces)
    made = st.builds(_joined, pieces, st.sampled_from(ends), st.booleans(), st.booleans())
    if kind != "json":
        return made
    leaves = st.one_of(
        st.integers(),
        st.sampled_from(["", "x", "é", '"', "{", "// no", "\\"]),
        st.booleans(),
        st.none(),
        st.lists(st.integers(), max_size=3),
    )
    objects = st.recursive(
        st.dictionaries(st.sampled_from(["env", "a", "b", "é"]), leaves, max_size=3),
        lambda inner: st.dictionaries(st.sampled_from(["env", "a", "b"]), st.one_of(leaves, inner), max_size=3),
        max_leaves=6,
    )
    return st.builds(
        _written, objects, st.sampled_from([None, 0, 2, "\t"]), st.booleans(), st.booleans(), st.booleans()
    )


def _settings(head: str, inner: list[str]) -> list[str]:
    return [head, *inner, "</settings>"]


def _joined(lines: list[str], end: str, mark: bool, last: bool) -> bytes:  # noqa: FBT001
    text = end.join("\n".join(lines).split("\n")) + (end if last else "")
    return (b"\xef\xbb\xbf" if mark else b"") + text.encode()


def _written(data: object, indent: int | str | None, crlf: bool, mark: bool, comments: bool) -> bytes:  # noqa: FBT001
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    if comments:
        text = '// head { "env"\n' + text.replace("{\n", "{ // {\n") + "\n/* tail } */"
    text = text.replace("\n", "\r\n") if crlf else text
    return (b"\xef\xbb\xbf" if mark else b"") + text.encode()
