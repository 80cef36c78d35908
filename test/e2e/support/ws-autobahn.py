"""Has talks over WebSockets with the library `autobahn`: an order a line on stdin, its result a line on stdout."""

import asyncio
import json
import sys
from urllib.parse import urlsplit

from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateResponse
from autobahn.websocket.compress import PerMessageDeflateResponseAccept


class Talk(WebSocketClientProtocol):
    def __init__(self, order, result):
        super().__init__()
        self.order = order
        self.result = result
        self.messages = []
        self.response = None

    def onConnect(self, response):
        self.response = response

    def onOpen(self):
        self.say()

    def onMessage(self, payload, isBinary):
        self.messages.append(payload.decode())
        self.say()

    def say(self):
        sent = len(self.messages)
        if sent < len(self.order["send"]):
            self.sendMessage(self.order["send"][sent].encode())
        elif sent == len(self.order["send"]) and self.order["close"] is not None:
            self.sendClose(self.order["close"])

    def onClose(self, wasClean, code, reason):
        if self.result.done():
            return
        if self.response is None:
            self.result.set_exception(RuntimeError(reason))
            return
        self.result.set_result(
            {
                "messages": self.messages,
                "close": {"code": self.remoteCloseCode or 1006, "reason": self.remoteCloseReason or ""},
                "protocol": self.response.protocol or "",
                "extensions": ", ".join(str(extension) for extension in self.response.extensions),
            }
        )


def accept_deflate(response):
    if isinstance(response, PerMessageDeflateResponse):
        return PerMessageDeflateResponseAccept(response)


async def talk(order):
    loop = asyncio.get_running_loop()
    result = loop.create_future()
    factory = WebSocketClientFactory(
        order["url"], headers=order["headers"], protocols=order["protocols"] or None, loop=loop
    )
    factory.protocol = lambda: Talk(order, result)
    factory.setProtocolOptions(
        perMessageCompressionOffers=[PerMessageDeflateOffer()],
        perMessageCompressionAccept=accept_deflate,
    )
    url = urlsplit(order["url"])
    await loop.create_connection(factory, url.hostname, url.port)
    return await result


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
