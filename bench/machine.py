"""What is measured on, in words that name nobody's machine."""

import os
import platform
import re
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


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
