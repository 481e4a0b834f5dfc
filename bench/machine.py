"""What is measured on, in words that name nobody's machine."""

import os
import platform
import re
import time
from importlib.metadata import version
from pathlib import Path


def facts() -> dict[str, object]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
        "django": version("django"),
        "psycopg": version("psycopg"),
        "redis": bool(os.environ.get("REDIS_URL")),
    }


def load() -> float:
    """Return how many processes wanted a core in the last minute."""
    return round(os.getloadavg()[0], 1)


def yardstick() -> float:
    """Return the CPU milliseconds that a fixed piece of Python takes now.

    Virtual machines run at half their speed at times, whatever their load says; figures of two hours can be compared
    by this.
    """
    start, found = time.process_time_ns(), 0
    for number in range(200_000):
        found += number * number % 7
    return (time.process_time_ns() - start) / 1_000_000


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
