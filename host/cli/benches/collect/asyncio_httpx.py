"""The simple script with coroutines: asyncio_httpx.py URL QUESTIONS AT_A_TIME."""

import asyncio
import json
import pathlib
import sys

import httpx

URL, QUESTIONS, AT_A_TIME = sys.argv[1:]


async def main():
    with pathlib.Path(QUESTIONS).open() as lines:
        questions = [json.loads(line) for line in lines]
    room = asyncio.Semaphore(int(AT_A_TIME))
    async with httpx.AsyncClient(timeout=60) as client:

        async def ask(question):
            body = {"model": "scripted", "messages": [{"role": "user", "content": question}]}
            async with room:
                answer = await client.post(f"{URL}/chat/completions", json=body)
            answer.raise_for_status()
            answer = answer.json()
            return answer["choices"][0]["message"]["content"], answer["usage"]

        answers = await asyncio.gather(*map(ask, questions))
    assert all(text for text, _ in answers)


asyncio.run(main())
