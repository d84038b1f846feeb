#!/usr/bin/env python3
"""Fails when a training step of Dracula's model, an inference, a change of a part of a tensor, or a load of a small file needs more
instructions than it did.

Instructions, unlike seconds, are the same on a busy machine. They are counted by valgrind's callgrind, in a run of N and
one of 2 N calls, whose difference is N calls after warm-up. The counts that were reached are in instruction_budget.json;
5 % more is the budget. They hold for one compiler and one C library: g++ 12, Debian 12; elsewhere the test is skipped.

  instruction_budget.py PROGRAM COMPILER [BUDGET]            judges; exit status 77: skipped. BUDGET: another .json
  instruction_budget.py PROGRAM COMPILER [BUDGET] --update   writes the counts of today
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BUDGET = Path(__file__).with_name("instruction_budget.json")
ROOM = 1.05
CALLS = 1000


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def instructions(program, work, calls):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, *work.split(), str(calls)],
                          env={**os.environ, "HARKER_CPU": "avx2"}, capture_output=True, text=True)  # valgrind lacks AVX-512
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"valgrind {program} {work} failed:\n{done.stderr[-2000:]}")
    return int(found.group(1))


def main():
    program, compiler = sys.argv[1:3]
    where = next((Path(a) for a in sys.argv[3:] if a.endswith(".json")), BUDGET)
    if not compiler.startswith("GNU 12."):
        skip(f"the budget is for g++ 12, this is {compiler}")
    debian = Path("/etc/debian_version")
    if not debian.exists() or not debian.read_text().startswith("12."):
        skip("the budget is for Debian 12")
    if not shutil.which("valgrind"):
        skip("there is no valgrind")
    if not re.search(r"^flags.*\bavx2\b", Path("/proc/cpuinfo").read_text(), re.M):
        skip("this processor has no AVX2")
    budget, failed = json.loads(where.read_text()), False
    for work, reached in budget.items():
        count = round((instructions(program, work, 2 * CALLS) - instructions(program, work, CALLS)) / CALLS)
        over = count > reached * ROOM
        failed |= over
        print(f"{work}: {count} instructions a call, {count / reached:.3f} of {reached}" + (": TOO MANY" if over else ""))
        budget[work] = count
    if "--update" in sys.argv:
        where.write_text(json.dumps(budget, indent=1) + "\n")
    elif failed:
        sys.exit("more than 5 % over what was reached: find out where they went (valgrind --tool=callgrind), or, where they are "
                 "worth it, say why and --update the budget")


if __name__ == "__main__":
    main()
