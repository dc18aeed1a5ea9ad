"""A program that asks two servers with six libraries, in any environment; its answer is JSON.

    asksix URL PEM URL PEM

A PEM holds the key and the chain of the server beside it, for the one protocol that the server does not speak: gRPC.
It runs in a throw-away root, where only it and the libraries are installed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from concurrent import futures
from importlib import import_module  # what cannot be imported is one answer, and no type checker knows any of them
from pathlib import Path

#: As in tests.end_to_end.clients.table, which is not to be imported there.
TRUSTS, REFUSES = "trusts", "refuses"


def with_requests(url: str, _pem: str) -> object:
    """Certifi's bundle."""
    requests = import_module("requests")
    return requests.get(url, timeout=20).text


def with_httpx(url: str, _pem: str) -> object:
    """Certifi's bundle."""
    httpx = import_module("httpx")
    return httpx.get(url).text


def with_aiohttp(url: str, _pem: str) -> object:
    """What Python's OpenSSL reads."""
    aiohttp = import_module("aiohttp")

    async def get() -> str:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return str(await answer.text())

    return asyncio.run(get())


def with_httplib2(url: str, _pem: str) -> object:
    """Certifi's bundle, or one of its own."""
    httplib2 = import_module("httplib2")
    return httplib2.Http().request(url)


def with_botocore(url: str, _pem: str) -> object:
    """Certifi's bundle, or one of its own."""
    botocore = import_module("botocore")
    import_module("botocore.config")
    import_module("botocore.session")
    once = botocore.config.Config(retries={"total_max_attempts": 1}, signature_version=botocore.UNSIGNED)
    session = botocore.session.get_session()
    client = session.create_client("s3", config=once, region_name="eu-west-1", endpoint_url=url)
    return client.head_object(Bucket="Not_Dns", Key="k")


def with_grpcio(_url: str, pem: str) -> object:
    """A bundle of its own: the server is gRPC's, which knows no method."""
    grpc = import_module("grpc")
    content = Path(pem).read_bytes()
    end = content.index(b"-----BEGIN CERTIFICATE")
    server = grpc.server(futures.ThreadPoolExecutor(1))
    credentials = grpc.ssl_server_credentials([(content[:end], content[end:])])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    channel = grpc.secure_channel(f"localhost:{port}", grpc.ssl_channel_credentials())
    try:
        return channel.unary_unary("/any/method")(b"")
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return error.details()
        raise
    finally:
        channel.close()
        server.stop(None)


LIBRARIES: dict[str, Callable[[str, str], object]] = {
    "requests": with_requests,
    "httpx": with_httpx,
    "aiohttp": with_aiohttp,
    "httplib2": with_httplib2,
    "botocore": with_botocore,
    "grpcio": with_grpcio,
}


def main() -> None:
    """Print what each library answered about each server."""
    url, pem, other, other_pem = sys.argv[1:]
    servers = ((url, pem), (other, other_pem))
    print(json.dumps({name: [_answer(ask, *server) for server in servers] for name, ask in LIBRARIES.items()}))


def _answer(ask: Callable[[str, str], object], url: str, pem: str) -> str:
    try:
        return TRUSTS if ask(url, pem) else "neither: an empty answer"
    except Exception:  # noqa: BLE001 -- any error about the certificate
        said = traceback.format_exc()
        return REFUSES if "CERTIFICATE_VERIFY_FAILED" in said else f"neither: {said[-1500:]}"


if __name__ == "__main__":
    main()
