"""Clients of a server that is protected, and what they get."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
from anyio.streams.tls import TLSStream
from web_certificates import PASSWORD, USER, Protected, basic


async def status(server: Protected, headers: dict[str, str], path: str = "/") -> int:
    async with server.client() as http:
        return (await http.get(path, headers=headers)).status_code


@asynccontextmanager
async def connected(port: int, context: ssl.SSLContext) -> AsyncIterator[TLSStream]:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield await TLSStream.wrap(stream, hostname="127.0.0.1", ssl_context=context, standard_compatible=False)


async def scrape(server: Protected, trust: ssl.SSLContext | None, password: str = PASSWORD) -> int:
    """The status that a new connection gets; 0 where there is no connection."""
    async with server.client(trust) as http:
        try:
            return (await http.get("/metrics", headers=basic(USER, password))).status_code
        except (httpx.TransportError, ssl.SSLError):
            return 0
