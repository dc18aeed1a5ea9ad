"""The environment variables that name the roots of programs: facts, a row each.

A variable that *adds* is given the company's roots alone. One that *switches* has a program read the system's store,
and helps if that store holds the managed roots. One that *replaces* a program's built-in roots is given a whole bundle,
public roots and managed ones, and never the managed ones alone. Each row says how it is known: "real" is proved in the
tests.

Not here: NODE_USE_SYSTEM_CA, which Node.js 22.19 and 24.6 brought, because NODE_EXTRA_CA_CERTS does the same in every
version; JAVA_TOOL_OPTIONS, which every JVM reports on standard error, and which may hold any other options.
"""

from __future__ import annotations

from trustinstall.values import NamedTuple


class Variable(NamedTuple):
    """One variable.

    Attributes:
        name: its name.
        readers: the programs that read it.
        source: the source of this row.
        known: "real" or "documented".
        value: the value of a variable that switches; "" if it names a file.
        follows: whether its readers trust the system's store without it (Deno by its switch): it helps an account that
            cannot change that store. On a changed machine it would only override other decisions, or outlive the file
            that it names.
        option: the text before the file's name in a list of options; "" if the value is the name alone. The other
            options of such a list stay.
    """

    name: str
    readers: str
    source: str
    known: str = "documented"
    value: str = ""
    follows: bool = False
    option: str = ""

    def naming(self, path: str) -> str:
        """Return the value that names a file."""
        return f"{self.option}{path}"


ADDS = (
    Variable("NODE_EXTRA_CA_CERTS", "Node.js, npm, Electron, Bun, Deno from 2.8", "Node.js documentation, CLI", "real"),
    Variable("DENO_CERT", "Deno", "Deno documentation, environment variables", "real", follows=True),
)
SWITCHES = (
    Variable("UV_SYSTEM_CERTS", "uv from 0.11", "uv documentation, environment variables", "real", "true"),
    Variable("UV_NATIVE_TLS", "uv before 0.11", "uv documentation, environment variables", value="true"),
    Variable(
        "DENO_TLS_CA_STORE", "Deno from 1.13", "Deno documentation, environment variables", value="system,mozilla"
    ),
)
REPLACES = (
    Variable(
        "SSL_CERT_FILE",
        "OpenSSL, Go, Ruby, httpx, uv, rustls",
        "SSL_CTX_set_default_verify_paths(3)",
        "real",
        follows=True,
    ),
    Variable("REQUESTS_CA_BUNDLE", "requests, and what uses it", "requests documentation, SSL verification", "real"),
    Variable("CURL_CA_BUNDLE", "curl, and requests where it is alone", "curl(1)", "real", follows=True),
    Variable("GIT_SSL_CAINFO", "git", "git-config(1), http.sslCAInfo", "real", follows=True),
    Variable("PIP_CERT", "pip", "pip documentation, HTTPS certificates", "real"),
    Variable("AWS_CA_BUNDLE", "AWS CLI, boto3", "botocore documentation, configuration"),
    Variable("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "gcloud", "gcloud topic configurations"),
    Variable("HTTPLIB2_CA_CERTS", "httplib2", "httplib2, certs.py", "real"),
    Variable("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "gRPC's C core", "gRPC, doc/environment_variables.md", "real"),
    Variable("CARGO_HTTP_CAINFO", "Cargo", "The Cargo Book, environment variables", "real", follows=True),
    Variable("BUNDLE_SSL_CA_CERT", "Bundler", "bundle-config(1)", follows=True),
    Variable("PERL_LWP_SSL_CA_FILE", "Perl's LWP", "LWP::UserAgent(3pm)", follows=True),
    Variable("JULIA_SSL_CA_ROOTS_PATH", "Julia", "Julia documentation, environment variables", follows=True),
    Variable("HEX_CACERTS_PATH", "Elixir's Hex", "mix help hex.config", follows=True),
    # Read by the programs of `dart compile exe`, split at commas alone; by the scripts of Dart before 2.15 (pub,
    # dart2js), split at blanks; by neither `dart` nor `flutter`, which follow the system.
    Variable(
        "DART_VM_OPTIONS",
        "programs compiled by Dart",
        "Dart SDK, runtime/docs/standalone_executables and runtime/bin/main_options.cc",
        follows=True,
        option="--root-certs-file=",
    ),
    Variable("NIX_SSL_CERT_FILE", "Nix", "Nix reference manual, environment variables"),
)
EVERY = (*ADDS, *SWITCHES, *REPLACES)
#: Variables of options for the JVM: the first three are its own, start scripts read the others (their manuals).
JAVA = (
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "JAVA_OPTS",
    "JAVA_ARGS",
    "MAVEN_OPTS",
    "MAVEN_ARGS",
    "GRADLE_OPTS",
    "SBT_OPTS",
    "ANT_OPTS",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "KAFKA_OPTS",
)
#: The option that names a file, by the variable's name.
OPTIONS = {one.name: one.option for one in EVERY if one.option}


def file_in(name: str, value: str) -> str:
    """Return the path in a variable's value: all of it, or that of its option; "" if it has no such option."""
    option = OPTIONS.get(name)
    if option is None:
        return value
    return value.rpartition(option)[2].partition(",")[0] if option in value else ""


def values(anchors: str, bundle: str, *, replacing: bool, machine: bool) -> dict[str, str]:
    """Return the values of variables: those that add or switch, and with `replacing` those that replace.

    `anchors` and `bundle` are the paths of the managed roots alone, and of a whole bundle. For a `machine` whose own
    store was changed, variables whose readers follow that store are left out; for an account, those that switch to a
    store without the managed roots.
    """
    found = {one.name: anchors for one in ADDS if not (machine and one.follows)}
    if machine:
        found |= {one.name: one.value for one in SWITCHES}
    if replacing:
        found |= {one.name: one.naming(bundle) for one in REPLACES if not (machine and one.follows)}
    return found
