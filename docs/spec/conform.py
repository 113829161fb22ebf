"""Asks an implementation for each vector's output and compares: see README.md.

    conform.py COMMAND [ARGUMENT]...
"""

import json
import pathlib
import subprocess
import sys

vectors = [json.loads(line) for line in (pathlib.Path(__file__).parent / "vectors.jsonl").open()]
if len(sys.argv) < 2:
    sys.exit(__doc__)
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
right = unsupported = 0
for vector in vectors:
    process.stdin.write(json.dumps({"kind": vector["kind"], "input": vector["input"]}) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        sys.exit(f"{vector['kind']}, {vector['name']}: the command ended")
    found = json.loads(line)
    if found == {"unsupported": True}:
        unsupported += 1
    elif found == vector["output"]:
        right += 1
    else:
        print(f"{vector['kind']}, {vector['name']}:\n  expected {vector['output']}\n  found    {found}")
process.stdin.close()
process.wait()
print(f"{right} of {len(vectors)} right, {unsupported} not supported")
sys.exit(0 if right + unsupported == len(vectors) and right else 1)
