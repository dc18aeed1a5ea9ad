"""A machine with many odd settings at once: each names a bundle of its own, so that an answer shows which one counts.

In a text {NAME} stands for that bundle. The bundles whose names end with "yes" hold the root that is added later.
"""

from __future__ import annotations

HOME = "/home/alice"
BUNDLES = f"{HOME}/c"

#: The machine's settings files, by path; root's.
MACHINE = {
    "/etc/pip.conf": "[global]\ncert = {pip-etc-no}\n",
    "/etc/xdg/pip/pip.conf": "[global]\ncert = {pip-xdg-no}\n[download]\ncert = {pip-download-no}\n",
    "/etc/gitconfig": "[http]\n\tsslCAInfo = {git-etc-no}\n",
    "/etc/mercurial/hgrc.d/corp.rc": "[web]\ncacerts = {hg-etc-no}\n",
    "/usr/etc/npmrc": "cafile={npm-global-no}\n",
    "/etc/conda/.condarc": "ssl_verify: {conda-etc-no}\n",
    "/etc/subversion/servers": "[global]\nssl-authority-files = {svn-etc-no}\n",
    "/etc/php/8.2/cli/conf.d/99-corp.ini": "; corp\nopenssl.capath = /nowhere\nopenssl.cafile = {php-conf-yes}\n",
    "/etc/gemrc": "---\n:ssl_ca_cert: {gem-etc-no}\n",
    "/etc/environment.d/10-corp.conf": "NODE_EXTRA_CA_CERTS={node-systemd-no}\n",
    "/etc/profile.d/corp.sh": "export NODE_EXTRA_CA_CERTS={node-corp-no}\nexport GIT_SSL_CAPATH=\n",
    "/etc/zsh/zshrc": "export NODE_EXTRA_CA_CERTS={node-zsh-etc-no}\n",
}
#: Alice's, below her home.
OWN = {
    ".profile": (
        'export NPM_CONFIG_USERCONFIG="$HOME/npm/rc"\n'
        "export AWS_CONFIG_FILE=~/aws-moved PHPRC=~/php\n"
        "AWS_PROFILE=dev; export AWS_PROFILE\n"
        'export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/nowhere}"\n'
    ),
    ".bash_profile": ". ~/.profile\nNODE_EXTRA_CA_CERTS={node-bash-yes}\n",
    ".zshenv": "emulate sh -c '. ~/.profile'\n",
    ".zshrc": "export NODE_EXTRA_CA_CERTS={node-zsh-yes}\n",
    ".config/fish/conf.d/one.fish": "set -gx NODE_EXTRA_CA_CERTS {node-fish-d-no}\n",
    ".config/fish/config.fish": "set -gx NODE_EXTRA_CA_CERTS {node-fish-yes}\nset -gx AWS_CONFIG_FILE ~/aws-moved\n",
    ".config/environment.d/20.conf": "AWS_CONFIG_FILE=${{HOME}}/aws-moved\nNODE_EXTRA_CA_CERTS={node-env-yes}\n",
    ".config/pip/pip.conf": "[global]\n--CERT = {pip-own-yes}\n[install]\ncert: {pip-install-no}\n",
    ".pip/pip.conf": "[global]\ncert = {pip-old-no}\n",
    "npm/rc": "fund=false\ncafile = ${{HOME}}/c/npm-moved-yes.pem ; mine\n",
    ".npmrc": 'ca[]="-----BEGIN CERTIFICATE-----"\ncafile={npm-own-no}\n',
    ".gitconfig": (
        "[HTTP]\n\tSSLcainfo = {git-first-no}\n[include]\n\tpath = more.inc\n"
        '[http "https://git.corp/"]\n\tsslCAInfo = "{git-url-yes}" # mine\n'
    ),
    "more.inc": "[http]\n\tsslCAInfo = ~/c/git-inc\\\n-yes.pem\n",
    ".config/git/config": "[http]\n\tsslCAInfo = {git-xdg-no}\n",
    ".hgrc": "[web]\ncacerts = {hg-own-no}\n",
    ".config/hg/hgrc": "%include ~/hg.inc\n[ui]\nusername = x\n",
    "hg.inc": "[web]\ncacerts = $HOME/c/hg-inc-yes.pem\n",
    ".wgetrc": "ca_certificate = {wget-first-no}\nCA-Certificate = {wget-yes}\n",
    ".curlrc": '# mine\ncacert {curl-first-no}\n--cacert   "{curl-yes}"\n',
    ".config/curlrc": "cacert = {curl-config-no}\n",
    ".subversion/servers": "[groups]\n[global]\nssl-authority-files = {svn-one-no};{svn-two-yes}\n",
    ".condarc": "{{channels: [a, b], 'ssl_verify': \"{conda-own-no}\"}}\n",
    ".conda/condarc.d/corp.yml": "---\nssl_verify: &it\n  {conda-final-yes}  #!final\n...\n",
    ".conda/condarc": "verify_ssl: {conda-alias-no}\n",
    ".aws/config": "[default]\nca_bundle = {aws-usual-no}\n",
    "aws-moved": "[profile default]\nca_bundle = {aws-default-no}\n[profile dev]\nca_bundle = {aws-dev-yes}\n",
    ".yarnrc": '# yarn lockfile v1\ncafile "{yarn-1-yes}"\n',
    ".yarnrc.yml": '{{"httpsCaFilePath": "{yarn-yes}", caFilePath: {yarn-old-no}}}\n',
    "php/php.ini": "openssl.cafile = {php-own-no}\n",
    ".gemrc": "ssl_ca_cert: {gem-word-no}\n:ssl_ca_cert: {gem-own-yes}\n",
}
