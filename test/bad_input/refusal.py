"""How a job is refused: with its code, three answers, and nothing written."""

import re
from pathlib import Path

from pipelines.delta_log import listing

# The exit code of each class of errors, by the thousands of the code.
EXIT_CODES = {1: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 1}


def assert_refused(job, code: int, *told: str, flags: tuple[str, ...] = (), verb: str = "run",
                   target: Path | None = None, where: str = "") -> str:
    """`verb` fails with SPW-`code` and says `told`; the target is as it was. Returns the error."""
    target = target or job.folder / "silver"
    existed, before = target.exists(), listing(target)
    run = job.spillway(verb, job.folder / "pipeline.yaml", *flags,
                       exit_code=EXIT_CODES[code // 1000])
    error = run.stderr
    assert run.stdout == ""
    assert re.search(rf"^error\[SPW-{code}\]: .+", error, re.MULTILINE), error
    assert re.search(r"^ +where: .+", error, re.MULTILINE), error
    assert re.search(r"^ +do: .+", error, re.MULTILINE), error
    for text in (*told, where):
        assert text in error, f"{text!r} is not in\n{error}"
    assert (target.exists(), listing(target)) == (existed, before)
    return error
