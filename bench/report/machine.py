"""On what, and with what, was measured."""
import datetime
import os
import platform
import re
from pathlib import Path

from .programs import ROOT, first_line


def cpu_model():
    try:
        return re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M).group(1)
    except (OSError, AttributeError):
        return platform.processor() or "unknown"


def describe(compiler, libtorch, python, rounds, milliseconds):
    """`libtorch` and `python` are versions, or say why there is none."""
    return {
        "date": datetime.date.today().isoformat(), "cpu": cpu_model(), "cores": os.cpu_count(), "system": platform.platform(),
        "load": [os.getloadavg()[0]], "compiler": first_line(compiler, "--version"),
        "commit": first_line("git", "-C", ROOT, "describe", "--always", "--dirty"),
        "HARKER_CPU": os.environ.get("HARKER_CPU", "automatic"),
        "libtorch": libtorch, "python": python, "rounds": rounds, "milliseconds": milliseconds,
    }
