"""The simple script with threads: thread_pool.py URL QUESTIONS AT_A_TIME. Every thread has a session of its own."""

import json
import pathlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

URL, QUESTIONS, AT_A_TIME = sys.argv[1:]
local = threading.local()


def ask(question):
    if not hasattr(local, "session"):
        local.session = requests.Session()
    body = {"model": "scripted", "messages": [{"role": "user", "content": question}]}
    answer = local.session.post(f"{URL}/chat/completions", json=body, timeout=60)
    answer.raise_for_status()
    answer = answer.json()
    return answer["choices"][0]["message"]["content"], answer["usage"]


with pathlib.Path(QUESTIONS).open() as lines:
    questions = [json.loads(line) for line in lines]
with ThreadPoolExecutor(int(AT_A_TIME)) as pool:
    answers = list(pool.map(ask, questions))
assert all(text for text, _ in answers)
