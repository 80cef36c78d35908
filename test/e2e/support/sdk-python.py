"""Has talks with the socket clients of the package `openai`: a task a line on stdin, its result a line on stdout."""

import asyncio
import json
import sys

from openai import AsyncOpenAI, OpenAI, OpenAIError
from websockets.exceptions import ConnectionClosed

# Not "error": the SDK raises it where nobody listens for it.
LISTENED = (
    "session.created",
    "session.updated",
    "response.created",
    "response.output_text.delta",
    "response.output_text.done",
    "response.completed",
    "response.done",
)
ENDS_OF_ANSWERS = ("response.completed", "response.done", "session.updated")

class Answered(Exception):
    """Leaves the loop in which the SDK hands events on."""


class Seen:
    """What the program saw; the parts that the blocking and the asynchronous client have in common."""

    def __init__(self):
        self.types = []
        self.text = ""
        self.error = None

    def listen(self, connection):
        for type_of_event in LISTENED:
            connection.on(type_of_event, self.note)

    def note(self, event):
        self.types.append(event.type)
        if event.type == "response.output_text.delta":
            self.text += event.delta
        if event.type == "response.output_text.done":
            self.text += event.text
        if event.type in ENDS_OF_ANSWERS:
            raise Answered

    def failed(self, error):
        self.error = {"name": type(error).__name__, "message": str(error)}

    def result(self, close):
        return {"types": self.types, "text": self.text, "error": self.error, "close": close}


def how(closed):
    frame = closed.rcvd
    return {"code": 1006, "reason": ""} if frame is None else {"code": frame.code, "reason": frame.reason}


def connect(client, task):
    headers = {"x-case": task["name"]}
    if task["api"] == "realtime":
        return client.realtime.connect(model=task["model"], extra_headers=headers)
    return client.responses.connect(extra_headers=headers)


def talk(task):
    seen = Seen()
    client = OpenAI(api_key="sk-of-the-test", base_url=task["baseUrl"])
    with connect(client, task) as connection:
        seen.listen(connection)
        try:
            for event in task["send"]:
                connection.send(event)
                try:
                    connection.dispatch_events()
                except Answered:
                    pass
        except OpenAIError as error:
            seen.failed(error)
        if seen.error is None:
            connection.close()
        try:
            while True:
                connection.recv()
        except ConnectionClosed as closed:
            return seen.result(how(closed))


async def talk_async(task):
    seen = Seen()
    client = AsyncOpenAI(api_key="sk-of-the-test", base_url=task["baseUrl"])
    async with connect(client, task) as connection:
        seen.listen(connection)
        try:
            for event in task["send"]:
                await connection.send(event)
                try:
                    await connection.dispatch_events()
                except Answered:
                    pass
        except OpenAIError as error:
            seen.failed(error)
        if seen.error is None:
            await connection.close()
        try:
            while True:
                await connection.recv()
        except ConnectionClosed as closed:
            return seen.result(how(closed))


def answer(task):
    try:
        if task["style"] == "asyncio":
            return asyncio.run(talk_async(task))
        return talk(task)
    except Exception as error:  # Whatever it is, the test is to see it.
        return {"failure": repr(error)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
