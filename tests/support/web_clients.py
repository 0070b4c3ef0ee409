"""Clients of a server that is protected, and what they get."""

from web_certificates import Protected


async def status(server: Protected, headers: dict[str, str], path: str = "/") -> int:
    async with server.client() as http:
        return (await http.get(path, headers=headers)).status_code
