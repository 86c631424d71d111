"""What a run leaves beside the table is its owner's alone, and it leaves no image of its memory."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pytest

ROWS = pa.table({"id": range(200_000)})


def modes_below(folder):
    """Of what is there now, as it may come and go: relative path and permissions."""
    modes = {}
    for path in folder.rglob("*"):
        try:
            modes[str(path.relative_to(folder))] = path.lstat().st_mode & 0o777
        except FileNotFoundError:
            pass
    return modes


@pytest.fixture
def killed(job, spillway):
    """The state of a run that is killed between its chunks, for a user without an umask."""
    job.table("bronze", ROWS)
    job.write(target={"table": "silver", "mode": "append"})
    run = subprocess.Popen([spillway.program, "run", job.folder / "pipeline.yaml", "--mode=chunked",
                            "--memory=256MiB", "--set=processing.chunk_size=500"],
                           umask=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = job.folder / "silver" / "_spillway"
    while run.poll() is None and not (any(state.glob("*.run")) and any(state.glob("*.checkpoint"))):
        time.sleep(0.001)
    run.kill()
    run.wait()
    return state


def test_state_is_private(killed):
    modes = modes_below(killed)
    kinds = {Path(name).suffix for name in modes}
    assert {".lock", ".run", ".checkpoint"} <= kinds, modes
    for name, mode in modes.items():
        assert mode & 0o077 == 0, f"{name} has {mode:o}"


def test_spilled_rows_are_private(job, spillway):
    """Rows in key order spill where the budget is small."""
    spill = job.folder / "spill"
    job.table("bronze", pa.table({"id": range(300_000), "text": ["x" * 100] * 300_000}))
    job.write(lookups=[{"name": "known", "table": "bronze", "key": ["id"],
                        "columns": {"more": "text"}}],
              processing={"chunk_order": "key"},
              resources={"spill_directory": "spill", "memory": "128MiB"})
    run = subprocess.Popen([spillway.program, "run", job.folder / "pipeline.yaml"],
                           umask=0, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seen = {}
    while run.poll() is None:
        seen.update(modes_below(spill))
        time.sleep(0.001)
    assert run.returncode == 0, run.stderr.read()
    folders = {name: mode for name, mode in seen.items() if "/" not in name}
    files = {name: mode for name, mode in seen.items() if "/" in name}
    assert folders and set(folders.values()) == {0o700}, folders
    assert any(not name.endswith("lock") for name in files), files
    assert set(files.values()) == {0o600}, files


def dies_with_core(folder, *command):
    """Whether the process leaves a core dump when it is aborted."""
    unlimited = ["bash", "-c", 'ulimit -c unlimited && exec "$@"', "-", *command]
    process = subprocess.Popen(unlimited, cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.PIPE)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    assert os.WIFSIGNALED(status)
    return os.WCOREDUMP(status)


def test_no_core_dump(spillway, tmp_path):
    if not dies_with_core(tmp_path, "cat"):
        pytest.skip("the machine makes no core dumps")
    pipe = tmp_path / "pipeline.yaml"
    os.mkfifo(pipe)
    assert not dies_with_core(tmp_path, spillway.program, "plan", pipe)
