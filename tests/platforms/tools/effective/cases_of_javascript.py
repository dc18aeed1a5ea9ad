"""Made-up homes for npm, Yarn and Claude Code, and which place decides."""

from __future__ import annotations

from tests.platforms.tools.effective.home import BUNDLE, HOME, Case

JAVASCRIPT: dict[str, Case] = {
    "npm's variable in a value": ("npm", {}, {"~/.npmrc": "cafile=${HOME}/b.pem\n"}, "", f"~/.npmrc 1 {BUNDLE}"),
    "npm's missing file": ("npm", {}, {"~/.npmrc": "cafile=/gone.pem\n"}, "", "default"),
    "npm's own text": ("npm", {}, {"~/.npmrc": 'fund=false\nca[]="-----BEGIN"\n'}, "", "~/.npmrc 2 ~/.npmrc"),
    "npm's moved file": (
        "npm",
        {"NPM_CONFIG_USERCONFIG": f"{HOME}/n"},
        {"~/.npmrc": "cafile=/x\n", "~/n": "cafile=~/b.pem\n"},
        "",
        f"~/n 1 {BUNDLE}",
    ),
    "npm's machine": (
        "npm",
        {},
        {"/usr/bin/node": "", "/usr/etc/npmrc": "cafile=/etc/corp/a.pem\n"},
        "",
        "/usr/etc/npmrc 1 /etc/corp/a.pem",
    ),
    "Yarn 1 before npm": (
        "Yarn 1",
        {},
        {"~/.npmrc": "cafile=/etc/corp/a.pem\n", "~/.yarnrc": f'cafile "{BUNDLE}"\n'},
        "",
        f"~/.yarnrc 1 {BUNDLE}",
    ),
    "Yarn 3": ("Yarn 2 and 3", {}, {"~/.yarnrc.yml": "caFilePath: b.pem\n"}, "", f"~/.yarnrc.yml 1 {BUNDLE}"),
    "Yarn 3 and Yarn 4's key": ("Yarn 2 and 3", {}, {"~/.yarnrc.yml": "httpsCaFilePath: b.pem\n"}, "", "default"),
    "Yarn's hosts": (
        "Yarn for *.corp",
        {},
        {"~/.yarnrc.yml": "networkSettings:\n  '*.corp':\n    httpsCaFilePath: b.pem\n"},
        "",
        f"~/.yarnrc.yml 3 {BUNDLE}",
    ),
    "Yarn's default for a variable": (
        "Yarn from 4 on",
        {"EMPTY": "", "SET": "b"},
        {"~/.yarnrc.yml": 'httpsCaFilePath: "${EMPTY:-/home}/${UNSET-alice}/${SET-x}${EMPTY-y}.pem"\n'},
        "",
        f"~/.yarnrc.yml 1 {BUNDLE}",
    ),
    "Yarn without a default": (
        "Yarn from 4 on",
        {},
        {"~/.yarnrc.yml": 'httpsCaFilePath: "${NO}/b.pem"\n'},
        "",
        "unknown",
    ),
    "Yarn 1's own text": ("Yarn 1", {}, {"~/.yarnrc": 'ca "-----BEGIN"\n'}, "", "~/.yarnrc 1 ~/.yarnrc"),
    "Yarn 1's variable in any case": ("Yarn 1", {"Yarn_CAFile": BUNDLE}, {}, "", f"~/.profile 7 {BUNDLE}"),
    "Claude Code expands nothing": (
        "Claude Code",
        {},
        {"~/.claude/settings.json": '{"env": {"NODE_EXTRA_CA_CERTS": "~/b.pem"}}'},
        "",
        "unknown",
    ),
    "Claude Code without variables": ("Claude Code", {}, {"~/.claude/settings.json": '{"env": null}'}, "", "default"),
    "Yarn 1's file before its text": (
        "Yarn 1",
        {},
        {"~/.npmrc": f'cafile={BUNDLE}\nca="x"\n', "~/.yarnrc": 'ca "-----BEGIN"\n'},
        "",
        f"~/.npmrc 1 {BUNDLE}",
    ),
    "npm's own roots in the account's file": (
        "npm",
        {},
        {"~/.npmrc": 'cafile=~/b.pem\nca="x"\n', "/usr/local/etc/npmrc": "cafile=/etc/corp/a.pem\n"},
        "",
        "~/.npmrc 2 ~/.npmrc",
    ),
    "npm's file after roots of its own": (
        "npm",
        {},
        {"~/.npmrc": 'ca[]="x"\ncafile=~/b.pem\n'},
        "",
        f"~/.npmrc 2 {BUNDLE}",
    ),
}
