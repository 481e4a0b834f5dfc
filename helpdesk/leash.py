"""Ends a child process when its parent goes, even when the parent is killed and can say nothing.

`python -m helpdesk.leash FD MODULE [ARGUMENT…]` runs a module as `python -m MODULE` would, while a
thread reads the pipe FD. Nothing is ever written there: the read ends when the last holder of the
other end, the supervisor, is gone. Then the whole process group goes at once, grandchildren too.
"""

import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    pipe, module, *arguments = sys.argv[1:]
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    threading.Thread(target=_end_with_pipe, args=(int(pipe),), name="leash", daemon=True).start()
    ask_kernel()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def end_with_parent() -> None:
    """End this process when the one that made it through `multiprocessing` ends.

    For the web server's workers: they hold the port, and nobody else would end them.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    threading.Thread(target=_end_after, args=(parent,), name="leash", daemon=True).start()
    ask_kernel()


def ask_kernel() -> None:
    """Ask Linux to kill this process when its parent dies, which works even while Python hangs."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with_pipe(pipe: int) -> None:
    os.read(pipe, 1)
    os.killpg(0, signal.SIGKILL)


def _end_after(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
