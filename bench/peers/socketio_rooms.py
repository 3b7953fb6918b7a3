"""Peer: python-socketio as its documentation shows it, a room per symbol, one emit per quote."""

from __future__ import annotations

import sys

import socketio
from serving import quotes, serve

io = socketio.AsyncServer(async_mode="asgi", transports=["websocket"], cors_allowed_origins="*")


@io.event
async def subscribe(sid: str, symbols: list[str]) -> int:
    for symbol in symbols:
        await io.enter_room(sid, symbol)
    return len(symbols)


async def feed() -> None:
    async for quote in quotes(sys.argv[1]):
        await io.emit("quote", quote, room=quote["symbol"])


async def start() -> None:
    io.start_background_task(feed)


if __name__ == "__main__":
    serve(socketio.ASGIApp(io, on_startup=start))
