"""Faults of the connection: silence, truncation, slowness, or bytes that are not HTTP.

To end the connection, a fault raises the error of a broken connection. The server then closes the connection.
"""

import ctypes
import os
from contextlib import suppress

import anyio
from anyio.abc import SocketAttribute

from exporter.sandbox.faults_call import Call, FaultyResponse

_BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"
_SLICE_BYTES = 64 * 1024


async def refuse(_: Call) -> None:
    """Close the connection without sending a byte."""
    raise ConnectionAbortedError


async def hang(call: Call) -> None:
    """Stay silent until the client disconnects, or answer after the given number of seconds."""
    seconds = call.given["value"]
    if seconds is not None:
        await anyio.sleep(seconds)
        await call.answer(await call.ask_vendor())
        return
    with suppress(anyio.EndOfStream):
        while True:
            await call.stream.receive()
    raise ConnectionAbortedError


async def drip(call: Call) -> None:
    """Answer normally, but wait the given number of seconds before each byte."""
    answer = await call.ask_vendor()
    await call.begin(answer)
    for place in range(len(answer.body)):
        await anyio.sleep(call.given["value"])
        await call.go_on(answer.body[place : place + 1])
    await call.go_on(b"", more=False)


async def cut(call: Call) -> None:
    """Close the connection in the middle of the body."""
    await _half(call)
    raise ConnectionAbortedError


async def reset(call: Call) -> None:
    """Reset the connection in the middle of the body."""
    await _half(call)
    _disconnect(call.stream.extra(SocketAttribute.raw_socket).fileno())  # noqa: S610 - no Django here
    raise ConnectionResetError


async def garbage(call: Call) -> None:
    """Answer in another protocol."""
    await call.stream.send(_BANNER)
    raise ConnectionAbortedError


async def long_header(call: Call) -> None:
    """Answer normally, but add a header whose value has the given number of bytes."""
    await call.answer((await call.ask_vendor()).with_headers(("x-long", "x" * call.given["value"])))


async def endless(call: Call) -> None:
    """Answer with a body that does not end until the client disconnects."""
    await call.begin(FaultyResponse(200))
    while True:
        await call.go_on(b" " * _SLICE_BYTES)


async def _half(call: Call) -> None:
    answer = await call.ask_vendor()
    await call.begin(answer)
    await call.go_on(answer.body[: len(answer.body) // 2])


def _disconnect(socket: int) -> None:
    """Reset a connection: connect its socket to AF_UNSPEC. Closing the socket would end the connection cleanly."""
    address = bytes(16)
    if ctypes.CDLL(None, use_errno=True).connect(socket, address, len(address)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
