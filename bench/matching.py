#!/usr/bin/env python3
"""Blind matching beside PyPI's openmined-psi: the same values, the same counts, in one run.

    python3 bench/matching.py [HELD [ASKED]]      1,000,000 and 100 unless given

Installs openmined-psi into a virtual environment (target/psi-venv, or $COMITY_PSI_VENV) and builds
`crates/comity-minimise/examples/blind_matching.rs` in release. Both run on one thread; the set-up is what a holder does
once a day, the rest is what one question costs both sides together. openmined-psi (commutative encryption over P-256,
Golomb-coded set) has no proof that the holder used one key: it is held against base mode, and verified mode, which is
what gateways run, beside it.
"""

import json
import os
import resource
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 7
# Of a value that is not held: as our filter's fingerprints of 32 bits give.
FALSE_POSITIVES = 2.0**-32


def theirs(held: int, asked: int) -> None:
    """In the virtual environment: measures openmined-psi and prints JSON."""
    import private_set_intersection.python as psi

    items = [f"host{n}.example" for n in range(held)]
    wanted = [items[n] if n % 2 == 0 else f"host{held + n}.example" for n in range(asked)]
    server = psi.server.CreateWithNewKey(True)
    began = time.perf_counter()
    # It takes the rate for all that is asked; the set is per question there, and here made once.
    setup = server.CreateSetupMessage(FALSE_POSITIVES * asked, asked, items, psi.DataStructure.GCS)
    setup_s = time.perf_counter() - began
    times = []
    for _ in range(ROUNDS):
        client = psi.client.CreateWithNewKey(True)
        began = time.perf_counter()
        request = client.CreateRequest(wanted)
        response = server.ProcessRequest(request)
        found = client.GetIntersection(setup, response)
        times.append(time.perf_counter() - began)
        assert len(found) == (asked + 1) // 2, len(found)
    print(
        json.dumps(
            {
                "setup_s": setup_s,
                "question_s": min(times),
                "setup_bytes": len(setup.SerializeToString()),
                "request_bytes": len(request.SerializeToString()),
                "response_bytes": len(response.SerializeToString()),
            }
        )
    )


def environment() -> Path:
    """The Python that has openmined-psi."""
    where = Path(os.environ.get("COMITY_PSI_VENV", ROOT / "target" / "psi-venv"))
    python = where / "bin" / "python"
    if not python.exists():
        venv.create(where, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "openmined-psi"], check=True)
    return python


def run(command: list) -> dict:
    """What a command prints, and the processor time that it took: what a busy machine leaves as it is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(told) | {"processor_s": spent}


def main() -> None:
    held = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    asked = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    build = ["cargo", "build", "--release", "-p", "comity-minimise", "--example", "blind_matching"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    ours = run([target / "release" / "examples" / "blind_matching", str(held), str(asked), "1"])
    beside = run([environment(), __file__, "--theirs", str(held), str(asked)])
    setup = ours["setup_tags_s"] + ours["setup_filter_s"]
    whole = beside["setup_s"] + beside["question_s"]
    ratios = {
        "setup": setup / beside["setup_s"],
        "question_base": ours["base_s"] / beside["question_s"],
        "question_verified": ours["verified_s"] / beside["question_s"],
        "whole_base": (setup + ours["base_s"]) / whole,
        "whole_verified": (setup + ours["verified_s"]) / whole,
        "whole_processor": ours["processor_s"] / beside["processor_s"],
        "setup_bytes": ours["filter_bytes"] / beside["setup_bytes"],
    }
    print(json.dumps({"comity": ours, "openmined-psi": beside, "ratios": ratios}, indent=2))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--theirs":
        theirs(int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
