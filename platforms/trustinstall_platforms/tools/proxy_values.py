"""The values by which each tool is told its proxy, in the tool's own words; "" where it cannot be told.

The sources stand in the rows of `proxy_table`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

if TYPE_CHECKING:
    from trustinstall.facts.proxies import Proxies


def http(proxies: Proxies) -> str:
    """Return the proxy of http; "" for none."""
    return proxies.http


def https(proxies: Proxies) -> str:
    """Return the proxy of https; "" for none."""
    return proxies.https


def either(proxies: Proxies) -> str:
    """Return the one proxy of a program that uses one for both schemes; "" for none."""
    return proxies.either


def bypass(proxies: Proxies) -> str:
    """Return the names that are reached without a proxy, as in a variable; "" for none."""
    return proxies.bypass


def apt(proxies: Proxies) -> str:
    """Return apt's options, a line each; "" for none."""
    said = {"http": proxies.http, "https": proxies.https}
    lines = [f'Acquire::{scheme}::Proxy "{address}";' for scheme, address in said.items() if address]
    # apt supports single hosts only; it reads the other entries of no_proxy from the variable.
    hosts = [one for one in proxies.no_proxy if not one.startswith(".") and "/" not in one and ":" not in one]
    lines += [f'Acquire::{scheme}::Proxy::{host} "DIRECT";' for scheme in said if said[scheme] for host in hosts]
    return "\n".join(lines)


def service(proxies: Proxies) -> str:
    """Return the section of a unit of systemd; "" for none."""
    said = {"HTTP_PROXY": proxies.http, "HTTPS_PROXY": proxies.https, "NO_PROXY": proxies.bypass}
    return "\n".join(
        ("[Service]", *(f'Environment="{name}={value.replace("%", "%%")}"' for name, value in said.items() if value))
    )


def conda(proxies: Proxies) -> str:
    """Return the lines of conda's mapping; "" for none."""
    said = {"http": proxies.http, "https": proxies.https}
    return "\n".join(f'{scheme}: "{address}"' for scheme, address in said.items() if address)


def _plainly(proxies: Proxies) -> SplitResult:
    """Return the proxy of a program that reaches it by http alone, and asks it for both schemes."""
    return urlsplit(proxies.either if proxies.either.startswith("http:") else "")


def host(proxies: Proxies) -> str:
    """Return the host of the one proxy of a program that reaches it by http; "" for none."""
    return _plainly(proxies).hostname or ""


def port(proxies: Proxies) -> str:
    """Return the port of that proxy; "" for none."""
    return str(_plainly(proxies).port or "")


def user(proxies: Proxies) -> str:
    """Return the name of its login; "" for none."""
    return _unquoted(_plainly(proxies).username)


def password(proxies: Proxies) -> str:
    """Return the password of its login; "" for none."""
    return _unquoted(_plainly(proxies).password)


def _unquoted(word: str | None) -> str:
    """Return a word without its percent-encoding; "" if it holds a percent sign, which Subversion may expand."""
    text = unquote(word or "")
    return "" if "%" in text else text


def _patterns(proxies: Proxies) -> list[str]:
    """Return the names that are reached without a proxy, for programs that know stars and no networks."""
    names = (one for one in proxies.no_proxy if "/" not in one)
    return [f"*{one}" if one.startswith(".") else one for one in names]


def exceptions(proxies: Proxies) -> str:
    """Return the names without a proxy, for Subversion; "" for none."""
    return ",".join(one for one in _patterns(proxies) if ":" not in one) if host(proxies) else ""


def gradle(proxies: Proxies) -> str:
    """Return Java's properties, in the lines of Gradle's file; "" for none."""
    return "\n".join(f"systemProp.{one}" for one in _properties(proxies))


def java(proxies: Proxies) -> str:
    """Return Java's properties; "" for none, and if an address has a login or is reached by https."""
    plain = all(one.startswith("http:") and "@" not in one for one in (proxies.http, proxies.https) if one)
    return "\n".join(_properties(proxies)) if plain else ""


def _properties(proxies: Proxies) -> list[str]:
    """Return Java's properties, a line each (java.net's networking properties)."""
    found: list[str] = []
    for scheme, address in (("http", proxies.http), ("https", proxies.https)):
        proxy = urlsplit(address)
        said = {"Host": proxy.hostname, "Port": proxy.port, "User": proxy.username, "Password": proxy.password}
        values = {part: unquote(str(value)).replace("\\", "\\\\") for part, value in said.items() if value}
        found += [f"{scheme}.proxy{part}={value}" for part, value in values.items()]
    # Of both schemes. An address of IPv6 stands in brackets there.
    names = [f"[{one}]" if ":" in one else one for one in _patterns(proxies)]
    return [*found, *([f"http.nonProxyHosts={'|'.join(names)}"] if names else [])]


def sysconfig(proxies: Proxies) -> str:
    """Return the lines of SUSE's /etc/sysconfig/proxy; "" for none."""
    said = {"HTTP_PROXY": proxies.http, "HTTPS_PROXY": proxies.https, "NO_PROXY": proxies.bypass}
    return "\n".join(('PROXY_ENABLED="yes"', *(f'{name}="{value}"' for name, value in said.items() if value)))


def maven(proxies: Proxies) -> str:
    """Return Maven's elements, one for each scheme; "" for none."""
    hosts = "|".join(one for one in _patterns(proxies) if ":" not in one)
    said = {scheme: urlsplit(one) for scheme, one in (("http", proxies.http), ("https", proxies.https)) if one}
    return "\n".join(_maven_proxy(scheme, one, hosts) for scheme, one in said.items() if _suits_maven(one))


def _maven_proxy(scheme: str, proxy: SplitResult, hosts: str) -> str:
    """Return one element; its protocol is the repository's (DefaultProxySelector of Maven's resolver)."""
    fields = {
        "id": f"trustinstall-{scheme}",
        "protocol": scheme,
        "username": _escaped(unquote(proxy.username or "")),
        "password": _escaped(unquote(proxy.password or "")),
        "host": proxy.hostname,
        "port": proxy.port,
        "nonProxyHosts": hosts,
    }
    return "\n".join(("<proxy>", *(f"  <{name}>{one}</{name}>" for name, one in fields.items() if one), "</proxy>"))


def _suits_maven(proxy: SplitResult) -> bool:
    """Whether Maven reaches the proxy, which it does by http alone, and reads its login as it is written.

    It replaces `${...}` in its settings, decrypts a password in braces, and takes blanks off.
    """
    login = f"{unquote(proxy.username or '')}{unquote(proxy.password or '')}"
    return proxy.scheme == "http" and login.isprintable() and not any(one in "{} " for one in login)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
