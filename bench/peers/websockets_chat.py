"""The chat with the package `websockets` and its `broadcast`, on uvloop: python websockets_chat.py PORT.

Runs in an environment of its own (requirements.txt here), by itself: imports nothing of the bench.
"""

import json
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

clients: set[ServerConnection] = set()


async def talk(connection: ServerConnection) -> None:
    """One client: what it says goes to all."""
    clients.add(connection)
    try:
        async for text in connection:
            said = json.loads(text)
            message = {"email": said["email"], "username": said["username"], "message": said["message"]}
            broadcast(clients, json.dumps(message, separators=(",", ":"), ensure_ascii=False))
    finally:
        clients.discard(connection)


async def main() -> None:
    """Serve for ever."""
    async with serve(talk, "127.0.0.1", int(sys.argv[1]), compression=None, backlog=4096, open_timeout=120) as server:
        await server.serve_forever()


uvloop.run(main())
