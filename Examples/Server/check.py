"""Starts the server, checks its answers, and loads it: `check.py SERVER WEIGHTS DIGITS [SECONDS]`, as `make server` calls it.

SERVER is the program, WEIGHTS what `digits --save` wrote, DIGITS the folder of the test digits. Only Python's own library is needed; the load is wrk's, and is
skipped with a message where wrk is not installed. Everything stays on 127.0.0.1. Exit code 1 and a sentence if something is not as it should be.
"""

import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HOST = "127.0.0.1"
SENTENCES = [
    # What is sent, the status, and a part of the sentence that comes back.
    (json.dumps({"pixels": [0] * 783}), 400, "the last axis must be 784"),
    (json.dumps({"pixels": []}), 400, "the last axis must be 784"),
    (json.dumps({"pixels": [0] * 783 + [255]}), 400, "pixels[783] is 255.0; a number from 0 (paper) to 1 (ink) would fit"),
    (json.dumps({"pixels": ["NaN"] + [0] * 783}), 400, "pixels[0] is nan"),
    (json.dumps({"pixels": [0, "Infinity"] + [0] * 782}), 400, "pixels[1] is inf"),
    ('{"pixels": [NaN' + ", 0" * 783 + "]}", 400, "the body is no"),
    ('{"pixels": [1e400' + ", 0" * 783 + "]}", 400, "pixels"),
    ('{"pixels": [1e39' + ", 0" * 783 + "]}", 400, "pixels[0] is inf"),
    ("{}", 400, "pixels"),
    ('{"pixels": "all"}', 400, "pixels"),
    ("not JSON", 400, "the body is no"),
    ("", 400, "the body is no"),
    (json.dumps({"pixels": [0.123456789] * 10_000}), 413, "more than 65536 bytes"),
]


def stop(sentence):
    sys.exit(f"check.py: {sentence}")


def test_digits(folder):
    """The test images as lists of numbers from 0 to 1, and their labels."""
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    return [[round(p / 255, 4) for p in images[i * 784 : (i + 1) * 784]] for i in range(len(labels))], list(labels)


class Server:
    def __init__(self, program, weights, *options):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--weights", weights, "--port", str(self.port), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                if self.call("GET", "/health")[0] == 200:
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        stop("the server does not answer")

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def statistics(self):
        return json.loads(self.call("GET", "/statistics")[1])

    def resident(self):
        """Resident memory in MiB; 0 where the system does not tell."""
        try:
            return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) / 1024
        except OSError:
            return 0

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            stop("the server does not end on SIGTERM")


def check_answers(server, images, labels):
    def read(pixels):
        status, text = server.call("POST", "/digits", json.dumps({"pixels": pixels}))
        if status != 200:
            stop(f"status {status} for a digit: {text}")
        return json.loads(text)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read, images))
    right = sum(a["digit"] == label for a, label in zip(together, labels))
    print(f"{right} of {len(labels)} test digits read right by eight clients at once")
    if right < 0.85 * len(labels):
        stop("too few digits are read right: the weights are not those of `digits`")
    for pixels, answer in list(zip(images, together))[:50]:
        alone = read(pixels)
        # A batch of another size may add up in another order.
        if alone["digit"] != answer["digit"] or max(abs(a - b) for a, b in zip(alone["probabilities"], answer["probabilities"])) > 1e-5:
            stop(f"a digit is answered otherwise alone ({alone}) than among others ({answer})")
    done = server.statistics()
    print(f"{done['answers']} answers in {done['batches']} batches, at most {done['largestBatch']} in one")
    if done["answers"] != len(images) + 50:
        stop("the server has not counted the answers that arrived")


def check_mistakes(server):
    for body, status, sentence in SENTENCES:
        got, text = server.call("POST", "/digits", body)
        message = json.loads(text)["error"]["message"] if text else ""
        if got != status or sentence not in message:
            stop(f"{body[:40]!r} gives {got} {message!r}; {status} and {sentence!r} would fit")
    print(f"{len(SENTENCES)} bad requests refused, each with its sentence; for example\n  400 {server.call('POST', '/digits', SENTENCES[0][0])[1]}")
    if server.call("GET", "/nowhere")[0] != 404:
        stop("an unknown path is not 404")


def wrk(server, script, seconds, connections):
    before = server.statistics()["answers"]
    output = subprocess.run(
        ["wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://{HOST}:{server.port}/digits"],
        capture_output=True, text=True, timeout=seconds + 60)
    text = output.stdout
    if output.returncode != 0 or "Non-2xx" in text or "Socket errors" in text:
        stop(f"wrk: {text}{output.stderr}")
    total, rate = int(re.search(r"(\d+) requests in", text).group(1)), float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    latency = {share: value for share, value in re.findall(r"\s(\d+)%\s+(\S+)", text)}
    time.sleep(0.5)
    answered = server.statistics()["answers"] - before
    # wrk stops counting at its end, when a request of each connection may be under way.
    if not total <= answered <= total + connections:
        stop(f"{answered} answered by the server, {total} arrived at wrk")
    return total, rate, latency


def check_load(server, image, seconds):
    if shutil.which("wrk") is None:
        print("wrk is not installed: the load test is skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "digit.lua"
        script.write_text(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = '{json.dumps({'pixels': image})}'\n")
        wrk(server, script, 3, 64)  # memory that the pools keep comes up here
        before = server.resident()
        print("connections  requests/s  median       99 %         answers a batch")
        for connections in [1, 8, 64, 256]:
            start = server.statistics()
            total, rate, latency = wrk(server, script, seconds, connections)
            end = server.statistics()
            size = (end["answers"] - start["answers"]) / max(end["batches"] - start["batches"], 1)
            print(f"{connections:11}  {rate:10.0f}  {latency['50']:11}  {latency['99']:11}  {size:.1f}")
        after = server.resident()
        print(f"none lost; resident memory {before:.1f} MiB before, {after:.1f} MiB after")
        # 256 connections have buffers of their own.
        if after > before * 1.3 + 16:
            stop("memory has grown")


def check_shutdown(program, weights, image):
    """Requests that wait when SIGTERM comes are answered."""
    server = Server(program, weights, "--delay", "1500")
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.call("POST", "/digits", json.dumps({"pixels": image}))[0])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.4)
    code = server.end()
    for thread in threads:
        thread.join()
    if answers != [200] * 8 or code != 0:
        stop(f"SIGTERM while eight requests waited: answers {answers}, exit code {code}")
    print("eight requests that waited at SIGTERM were answered, then the server ended with exit code 0")


def main(program, weights, folder, seconds="5"):
    images, labels = test_digits(Path(folder))
    server = Server(program, weights)
    try:
        check_answers(server, images, labels)
        check_mistakes(server)
        check_load(server, images[0], int(seconds))
        if server.end() != 0:
            stop("the exit code after SIGTERM is not 0")
    finally:
        if server.process.poll() is None:
            server.process.kill()
    check_shutdown(program, weights, images[0])
    print("the server passed")


main(*sys.argv[1:])
