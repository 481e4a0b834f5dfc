"""script/bench: make the environment, then become `python -m bench`."""

import os
import sys

from environment import ROOT, Trouble, ensure


def main() -> None:
    try:
        python = ensure("dev")
    except Trouble as trouble:
        sys.exit(f"script/bench: {trouble}")
    os.chdir(ROOT)
    os.execv(python, [str(python), "-m", "bench", *sys.argv[1:]])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
