"""Asks an implementation for each vector's output and compares: see README.md.

    conform.py [--seconds N] COMMAND [ARGUMENT]...

Exits 0 when every output that the command gives is right, 1 when one is not, or none is given, 2 when it cannot be asked.
"""

import json
import os
import pathlib
import queue
import subprocess
import sys
import threading

arguments, seconds = sys.argv[1:], 60.0
if arguments[:1] == ["--seconds"]:
    try:
        seconds, arguments = float(arguments[1]), arguments[2:]
    except (IndexError, ValueError):
        sys.exit("--seconds: expected a number of seconds for each answer")
if not arguments:
    print(__doc__, file=sys.stderr)
    sys.exit(2)
vectors = [json.loads(line) for line in (pathlib.Path(__file__).parent / "vectors.jsonl").open(encoding="utf-8")]
try:
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", errors="replace")
except OSError as error:
    print(f"`{arguments[0]}` does not start: {error.strerror}", file=sys.stderr)
    sys.exit(2)
answers = queue.Queue(maxsize=16)


def listen():
    for answer in process.stdout:
        answers.put(answer)
    answers.put(None)


def tell():
    try:
        for vector in vectors:
            process.stdin.write(json.dumps({"kind": vector["kind"], "input": vector["input"]}) + "\n")
            process.stdin.flush()
        process.stdin.close()
    except OSError:
        pass


# A command that says nothing, or hears nothing, keeps nobody waiting.
for road in (listen, tell):
    threading.Thread(target=road, daemon=True).start()


def heard():
    """The command's next line; what is wrong where there is none."""
    try:
        line = answers.get(timeout=seconds)
    except queue.Empty:
        return None, f"no answer within {seconds:g} s"
    return line, None if line is not None else "the command ended"


def same(one, other):
    # As JSON: to Python `true` is 1, and 1 is 1.0.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


right = unsupported = 0
for vector in vectors:
    name = f"{vector['kind']}, {vector['name']}"
    line, trouble = heard()
    if trouble:
        print(f"{name}: {trouble}")
        break
    try:
        found = json.loads(line)
    except ValueError:
        print(f"{name}: the answer is no JSON: {line.strip()[:200]}")
        continue
    if same(found, {"unsupported": True}):
        unsupported += 1
    elif same(found, vector["output"]):
        right += 1
    else:
        print(f"{name}:\n  expected {json.dumps(vector['output'])}\n  found    {json.dumps(found)}")
try:
    process.wait(timeout=0 if trouble else 5)
except subprocess.TimeoutExpired:
    process.kill()
print(f"{right} of {len(vectors)} right, {unsupported} not supported", flush=True)
# At once: what was still to be told to a command that is no more is no matter.
os._exit(0 if right + unsupported == len(vectors) and right else 1)
