"""Advice that is followed: a situation that raises an error, and what its `do:` says to do.

A case is a generator. It yields the run that failed; then it does what the advice says, literally,
and ends once that has helped (a run that succeeds is checked by the fixture `spillway`). `says` is
the whole advice, as a regular expression: a text that changes has to be followed anew.
"""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass

PRINTED, EXPLAINED = "do", "explain"


@dataclass(frozen=True)
class Case:
    code: int
    origin: str  # PRINTED with the error, or EXPLAINED by `spillway explain`
    says: str
    steps: Callable[..., Generator]

    def __str__(self) -> str:
        return f"{self.code}-{self.origin}-{self.steps.__name__}"


CASES: list[Case] = []


def printed(code: int, says: str):
    """What the error itself says to do."""
    return _case(code, PRINTED, says)


def explained(code: int, says: str):
    """What `spillway explain` says; where the error prints nothing else, that is also its own."""
    return _case(code, EXPLAINED, re.escape(says))


def _case(code, origin, says):
    def add(steps):
        CASES.append(Case(code, origin, says, steps))
        return steps
    return add


def advice_of(run) -> str:
    """The `do:` of the last error on standard error."""
    found = re.findall(r"^ +do: +(.*)$", run.stderr, re.MULTILINE)
    assert found, run.stderr
    return found[-1]


def explained_advice(spillway, code: int) -> str:
    text = " ".join(spillway("explain", f"SPW-{code}").stdout.split())
    return re.search(r"What to do: (.*) Exit code: \d+$", text).group(1)
