"""Clients of a server that is protected, and what they get."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.tls import TLSStream
from web_certificates import Protected


async def status(server: Protected, headers: dict[str, str], path: str = "/") -> int:
    async with server.client() as http:
        return (await http.get(path, headers=headers)).status_code


@asynccontextmanager
async def connected(port: int, context: ssl.SSLContext) -> AsyncIterator[TLSStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield await TLSStream.wrap(stream, hostname="127.0.0.1", ssl_context=context, standard_compatible=False)
