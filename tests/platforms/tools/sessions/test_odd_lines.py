"""Odd lines of shells' files: what is read from them is what the shell has, or is said to be unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.platforms.tools.sessions.shells import differences, write

#: By kind: lines of sh, bash and zsh, of which some are errors in some of them.
LINES = {
    "readonly": (
        "readonly AA=/a; export AA; AA=/b; export BB=/c",
        "readonly AA=/a\nexport AA=/b\nexport BB=/c",
        "export AA=/a; readonly AA; unset AA; export BB=/b",
        "declare -rx AA=/a; AA=/c",
        "[ -w / ] && readonly AA=/a; AA=/c; export AA",
    ),
    "attributes": (
        "declare -ux AA=/abc",
        "declare -l AA=/ABC; export AA",
        "declare -i AA=3+4; export AA",
        "declare -n ref=AA; ref=/a; export AA",
        "export AA=/a; export -n AA",
        "export -x AA=/a 2>/dev/null; export BB=/b",
        "local AA=/a 2>/dev/null; export AA",
        "export AA=/a; export AA+=/b",
        "AA=/a; AA+=/b; export AA",
    ),
    "errors of an expansion": (
        "set -u; export AA=$NOTSET/x; export BB=/b",
        "set -o nounset; export AA=${NOTSET:-/x}; set +u; export BB=$NOTSET/y",
        "export AA=${NOTSET:?gone}; export BB=/b",
        ": ${NOTSET:?gone}; export BB=/b",
        ": ${AA:=/a}; export AA",
        "true ${AA=/a} && nonesuch ${BB:=/b}; export AA BB",
    ),
    "functions": (
        "f() { export AA=/a; }; unset -f f; f 2>/dev/null; export BB=/b",
        "f() { export BB=b$AA; }; AA=/a f; export CC=c$AA",
        "export() { :; }; export AA=/a",
    ),
    "branches that go on": (
        "case x in x) export AA=/a;& y) export BB=/b;; esac",
        "case x in x) export AA=/a;;& x*) export BB=/b;; *) export CC=/c;; esac",
        "case x in x) export AA=/a;;& y*) export BB=/b;& *) export CC=/c;; esac",
        "case $(echo x) in x) export AA=/a;& y) export BB=/b;; esac",
    ),
    "words": (
        "for i in /a/{b,c}; do export AA=$i; done",
        "export AA=/a/{b,c} BB=/{1..2}",
        "IFS=:; x=/a:/b; for i in $x; do export AA=$i; done",
        "IFS=' \t\n'; x='/a /b'; for i in $x; do export AA=$i; done",
        "x='export AA=/a'; $x",
        "export AA==env BB=x=y",
    ),
    "assignments before a command": (
        "AA=/a :; export AA; export BB=/b",
        "AA=/a export BB=/b; export CC=c$AA",
        "AA=/a eval ':'; export BB=b$AA",
        "AA=/a . ~/extra/a.sh; export BB=b$AA",
    ),
    "commands with other names": (
        "alias e=export\ne AA=/a",
        "shopt -s expand_aliases\nalias e='export AA=/a'\ne",
        "alias e=export; unalias e\ne AA=/a",
        "command export AA=/a; builtin export BB=/b",
        "setopt allexport; AA=/a; unsetopt allexport; BB=/b",
        "emulate sh -c 'export AA=/a'; export BB=/b",
    ),
    "variables that a command sets": (
        "getopts a: AA -a /b; export AA",
        "mapfile -t AA < ~/extra/z.txt; export AA",
        "let AA=1 2>/dev/null; export AA",
    ),
    "files": (
        "cd ~/extra; . ./a.sh; cd nonesuch 2>/dev/null && export AA=/a",
        "cd ~ && cd extra && . ./a.sh && export AA=$PWD",
        ". ./extra/a.sh",
        "source <(echo export AA=/a); export BB=/b",
    ),
    "the text": (
        "export AA=/a\r\nexport BB=/b\r\n",
        "if true; then\r\nexport AA=/a\r\nfi\r\n",
        "export AA=/a\nif then fi\nexport BB=/b",
        "() { export AA=/a; }; export BB=/b",
        "repeat 2 export AA=/a; export BB=/b",
        '[ "$UID" -eq 0 ] && export AA=/a',
    ),
}
OF_FISH = {
    "redirections": (
        "set -gx AA /a >/dev/null 2>&1",
        "set -gx AA /a 2>&1 >/dev/null; set -gx BB /b",
        "test -d / 2>&1; and set -gx AA /a",
    ),
    "lists": ("set -gx --path AA /a /b", "set -gx AA /a; set AA[1] /b", "set AA[1] /b; set -gx AA $AA"),
    "functions": (
        "function f; set -gx AA /a; end; f; set -gx BB /b",
        "set -gx AA /a; function f; set -gx AA /z; end; f",
        "set -gx BB /b; function f --on-variable BB; set -gx AA /a; end; set -gx BB /c",
        "alias e 'set -gx AA'; e /a; set -gx BB /b",
        "alias e='set -gx AA'; e /a",
        "set -gx AA /a; own",
        "function set; end\nset -gx AA /a",
    ),
    "text that is run": (
        "set -gx AA /o; eval 'set -gx AA /a'",
        "set -gx AA /o; echo 'set -gx AA /a' | source",
        "source (echo 'set -gx AA /a' | psub); set -gx BB /b",
    ),
    "commands": (
        "echo /x | read -gx AA; set -gx BB /b",
        "read -l AA </dev/null; set -gx BB b$AA",
        "AA=/a set -gx BB b$AA",
        "command set -gx AA /a; set -gx BB /b",
        "time set -gx AA /a",
    ),
    "loops": (
        "for i in a b c; test $i = b; and break; set -gx AA $i; end",
        "for i in a b c; test $i = c; and continue; set -gx AA $i; end",
        "for i in a b c; test -w /; and break; set -gx AA $i; end",
    ),
    "the text": (
        "\ufeffset -gx AA /a\nset -gx BB /b",
        "set -gx AA /a\nif\nset -gx BB /b",
        "set -gx BB /b\nAA=/a",
        "set -gx AA /\\101b/\\x41",
        "set -gx AA /a\r\nset -gx BB /b\r\n",
    ),
    "universal variables": ("set -gx BB b$UV",),
}
_EXTRA = {"extra/z.txt": "/zz\n", "extra/a.sh": "CC=3; export DD=/d\n"}
_FISH = {
    ".config/fish/functions/own.fish": "function own; set -gx AA /f; end\n",
    ".config/fish/fish_variables": "# VERSION: 3.0\nSETUVAR --export EE:/e\\x20f\nSETUVAR UV:/u\n",
}


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("way", ["sh login", "bash login", "bash interactive", "zsh login"])
def test_odd_lines_of_sh(tmp_path: Path, way: str, kind: str) -> None:
    """No value that is read differs from the shell's own."""
    for number, text in enumerate(LINES[kind]):
        home = tmp_path / str(number)
        write(home, dict.fromkeys((".profile", ".bashrc", ".zshenv"), f"{text}\n") | _EXTRA)
        assert differences(way, home) == {}, text


@pytest.mark.parametrize("kind", OF_FISH)
def test_odd_lines_of_fish(tmp_path: Path, kind: str) -> None:
    """No value that is read differs from fish's own."""
    for number, text in enumerate(OF_FISH[kind]):
        home = tmp_path / str(number)
        write(home, {".config/fish/config.fish": f"{text}\n", **_FISH})
        assert differences("fish", home) == {}, text
