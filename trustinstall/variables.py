"""The environment variables that programs read their roots from: facts, a row each.

A variable that *adds* is given the company's roots alone. One that *replaces* what a program has built in is given a
whole bundle, public roots and ours, and never ours alone. Each row says how it is known: "real" is proved in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One variable.

    Attributes:
        name: as programs read it.
        readers: who reads it.
        source: how that is known.
        known: "real" or "documented".
    """

    name: str
    readers: str
    source: str
    known: str = "documented"


ADDS = (
    Variable("NODE_EXTRA_CA_CERTS", "Node.js, npm, Electron, Bun, Deno from 2.8", "Node.js documentation, CLI", "real"),
    Variable("DENO_CERT", "Deno", "Deno documentation, environment variables"),
)
REPLACES = (
    Variable("SSL_CERT_FILE", "OpenSSL, Go, Ruby, httpx, uv, rustls", "SSL_CTX_set_default_verify_paths(3)", "real"),
    Variable("REQUESTS_CA_BUNDLE", "requests, and what uses it", "requests documentation, SSL verification", "real"),
    Variable("CURL_CA_BUNDLE", "curl, and requests where it is alone", "curl(1)", "real"),
    Variable("GIT_SSL_CAINFO", "git", "git-config(1), http.sslCAInfo", "real"),
    Variable("PIP_CERT", "pip", "pip documentation, HTTPS certificates", "real"),
    Variable("AWS_CA_BUNDLE", "AWS CLI, boto3", "botocore documentation, configuration"),
    Variable("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "gcloud", "gcloud topic configurations"),
    Variable("HTTPLIB2_CA_CERTS", "httplib2", "httplib2, certs.py"),
    Variable("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "gRPC's C core", "gRPC, doc/environment_variables.md"),
    Variable("CARGO_HTTP_CAINFO", "Cargo", "The Cargo Book, environment variables"),
    Variable("BUNDLE_SSL_CA_CERT", "Bundler", "bundle-config(1)"),
    Variable("PERL_LWP_SSL_CA_FILE", "Perl's LWP", "LWP::UserAgent(3pm)"),
    Variable("JULIA_SSL_CA_ROOTS_PATH", "Julia", "Julia documentation, environment variables"),
    Variable("HEX_CACERTS_PATH", "Elixir's Hex", "mix help hex.config"),
    Variable("NIX_SSL_CERT_FILE", "Nix", "Nix reference manual, environment variables"),
)
