"""Has talks over WebSockets with the library `websockets`: an order a line on stdin, its result a line on stdout."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def talk(order):
    messages = []
    # Compression is offered by default.
    async with connect(
        order["url"],
        additional_headers=order["headers"],
        subprotocols=order["protocols"] or None,
        proxy=None,
    ) as socket:
        try:
            for text in order["send"]:
                await socket.send(text)
                messages.append(await socket.recv())
            if order["close"] is not None:
                await socket.close(order["close"])
            while True:
                messages.append(await socket.recv())
        except ConnectionClosed:
            pass
        return {
            "messages": messages,
            "close": {"code": socket.close_code, "reason": socket.close_reason},
            "protocol": socket.subprotocol or "",
            "extensions": socket.response.headers.get("Sec-WebSocket-Extensions", ""),
        }


async def answer(order):
    try:
        return await asyncio.wait_for(talk(order), 15)
    except Exception as error:  # Whatever it is, the test is to see it.
        return {"error": repr(error)}


async def main():
    """Has the talks beside each other; each answer names its order."""
    loop = asyncio.get_running_loop()
    running = set()

    async def run(order):
        print(json.dumps({"id": order["id"], **await answer(order)}), flush=True)

    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.create_task(run(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
