"""Runs the program as a person does, on a terminal, and gives what stood on it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from dataclasses import dataclass


@dataclass(frozen=True)
class TerminalRun:
    exit_code: int
    stdout: str  # not the terminal
    shown: str  # what was written to the terminal: standard error


def shown_on_terminal(program, *arguments, columns=100, **environment) -> str:
    """What stood on a terminal of so many columns that has standard output and standard error."""
    run = _run(program, arguments, columns, environment, output=None)
    assert run.exit_code == 0, run.shown
    return run.shown.replace("\r\n", "\n")


def run_on_terminal(program, *arguments, columns=100, **environment) -> TerminalRun:
    """Standard error is a terminal of so many columns; standard output is a pipe."""
    return _run(program, arguments, columns, environment, output=subprocess.PIPE)


def _run(program, arguments, columns, environment, output) -> TerminalRun:
    inherited = {name: value for name, value in os.environ.items()
                 if "SPILLWAY" not in name and name != "NO_COLOR"}
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL,
                               stdout=output or follower, stderr=follower,
                               env={**inherited, "TERM": "xterm", **environment})
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # the other end is closed: Linux says EIO
            break
        if not piece:
            break
        shown += piece
    os.close(leader)
    stdout = ""
    if process.stdout is not None:
        stdout = process.stdout.read().decode()
        process.stdout.close()
    return TerminalRun(process.wait(), stdout, shown.decode())
