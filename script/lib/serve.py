"""script/serve: make the environment, then become `manage.py serve`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from environment import ROOT, Trouble, ensure


def main() -> None:
    options = _options()
    try:
        data = _data_folder(options.data)
        python = ensure("base")
    except Trouble as trouble:
        sys.exit(f"script/serve: {trouble}")
    os.environ["HELPDESK_DATA"] = str(data)
    # The address and the demo's passwords are told at once, also into a file or a pipe.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    os.environ.setdefault("PUBLIC_URL", f"http://localhost:{options.port}")
    command = [str(python), str(ROOT / "manage.py"), "serve", "--prepare", "--port", str(options.port)]
    if options.empty:
        command.append("--empty")
    sys.stdout.flush()
    os.execv(python, command)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/serve",
        description="Set up the help desk and start it on this machine. Ctrl-C stops it; the data stay.",
        epilog="README.md lists the settings that are read from the environment.",
    )
    parser.add_argument(
        "--port", type=_port, default=8000, metavar="N", help="the port on 127.0.0.1 (default %(default)s)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the folder for database and files (default var)")
    parser.add_argument("--empty", action="store_true", help="a blank help desk instead of the demo")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port; choose a number from 1 to 65535")
    return int(text)


def _data_folder(chosen: Path | None) -> Path:
    """Return the data folder, made if need be, after a file could be written there. Raises Trouble."""
    folder = (chosen or Path(os.environ.get("HELPDESK_DATA") or ROOT / "var")).expanduser().absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Trouble(
            f"the data folder {folder} cannot be written ({error.strerror}); choose another with --data DIR."
        ) from error
    return folder


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
