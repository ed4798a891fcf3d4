"""Asking a provider on loopback: `client.complete` against a bare httpx POST, the openai SDK and the llm package.

One call at a time, alternated, median of 9 rounds of 20; then replies a second with 8 threads, 2 s at a time. All keep
their connections and must give the same text first. The provider is a process of its own (`tests/fake_provider.py`).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROUNDS, CALLS, THREADS, SPAN = 9, 20, 8, 2.0
QUESTION, KEY = "list the files of this folder, largest first", "no-key-of-worth"
PROVIDER = Path(__file__).parents[1] / "tests" / "fake_provider.py"
MESSAGES = [{"role": "user", "content": QUESTION}]


def bare(base):
    import httpx

    client = httpx.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=60)
    body = {"model": "m", "messages": MESSAGES, "max_tokens": 1024, "temperature": 0.0}

    def ask():
        answer = client.post(f"{base}/chat/completions", json=body)
        return answer.raise_for_status().json()["choices"][0]["message"]["content"]

    return ask


def ours(base):
    from assay.terminal.wire import Request, connect

    client, request = connect("openai", base_url=base, key=KEY), Request("m", MESSAGES)
    return lambda: client.complete(request).text


def sdk(base):
    import openai

    client = openai.OpenAI(base_url=base, api_key=KEY)

    def ask():
        answer = client.chat.completions.create(model="m", messages=MESSAGES, max_tokens=1024, temperature=0.0)
        return answer.choices[0].message.content

    return ask


def package(base):
    folder = Path(tempfile.mkdtemp())
    (folder / "extra-openai-models.yaml").write_text(f"- model_id: m\n  model_name: m\n  api_base: {base}\n")
    os.environ["LLM_USER_PATH"] = str(folder)
    import llm

    model = llm.get_model("m")
    return lambda: model.prompt(QUESTION, stream=False, key=KEY, temperature=0.0, max_tokens=1024).text()


def seconds(ask):
    start = time.perf_counter()
    for _ in range(CALLS):
        ask()
    return (time.perf_counter() - start) / CALLS


def rate(ask):
    end = time.perf_counter() + SPAN

    def loop():
        count = 0
        while time.perf_counter() < end:
            ask()
            count += 1
        return count

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(done.result() for done in [pool.submit(loop) for _ in range(THREADS)]) / SPAN


def main():
    process = subprocess.Popen([sys.executable, PROVIDER, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        base = process.stdout.readline().strip() + "/v1"
        ways = {"httpx, bare": bare(base), "assay": ours(base), "openai": sdk(base), "llm": package(base)}
        texts = {name: ask() for name, ask in ways.items()}
        assert len(set(texts.values())) == 1, texts
        times = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, ask in ways.items():
                times[name].append(seconds(ask))
        rates = {name: [] for name in ways}
        for _ in range(3):
            for name, ask in ways.items():
                rates[name].append(rate(ask))
    finally:
        process.kill()
    base_time = statistics.median(times["httpx, bare"])
    for name in ways:
        median = statistics.median(times[name])
        print(f"{name:12} {1000 * median:7.2f} ms a call  {median / base_time:5.2f} x bare httpx  "
              f"{statistics.median(rates[name]):6.0f} replies/s with {THREADS} threads")


if __name__ == "__main__":
    main()
