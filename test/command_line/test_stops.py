"""Ctrl-C and SIGTERM: commands that write nothing end at once, those that write leave no half."""

import re
import signal
import subprocess
import time

import pytest

ROWS = 3_000_000
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(scope="module")
def pipeline(spillway, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stops")
    spillway("generate", "--rows", str(ROWS), "--out", folder, "--quiet")
    path = folder / "pipeline.yaml"
    path.write_text("""
pipeline: test
source: {table: bronze_accident}
lookups: [{name: predictions, table: predictions, key: [image_name]}]
columns: {label: "concat(image_name, '-', source, '-', path)"}
target: {table: silver}
""")
    spillway("run", path, "--quiet")
    return path


def start(spillway, *arguments):
    return subprocess.Popen([spillway.program, *arguments], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_until(condition, process):
    while not condition() and process.poll() is None:
        time.sleep(0.001)
    assert process.poll() is None, process.communicate()


def listens(process):
    """Whether it has its handler for SIGTERM: bit 14 of what is caught."""
    with open(f"/proc/{process.pid}/status") as status:
        caught = re.search(r"^SigCgt:\s+([0-9a-f]+)$", status.read(), re.MULTILINE)
    return bool(int(caught.group(1), 16) & 1 << (signal.SIGTERM - 1))


def bytes_read(process):
    with open(f"/proc/{process.pid}/io") as io:
        return int(re.search(r"^rchar: (\d+)$", io.read(), re.MULTILINE).group(1))


@pytest.mark.parametrize("number", SIGNALS)
def test_validate_stops_at_the_first_signal(spillway, pipeline, number):
    """In the middle of its rows: it has read as many bytes as the plan does not."""
    process = start(spillway, "validate", pipeline, "--full", "--set", "resources.lanes=1")
    wait_until(lambda: bytes_read(process) > 100_000_000, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == SIGNALS[number]
    assert out == "" and "Stopping now." in err and "chunk" not in err
    spillway("validate", pipeline, "--quiet")  # nothing is left in its way


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("verb", ["plan", "inspect", "validate"])
def test_a_signal_ends_what_only_looks(spillway, pipeline, verb, number):
    path = pipeline.parent / "silver" if verb == "inspect" else pipeline
    process = start(spillway, verb, path)
    wait_until(lambda: listens(process), process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == SIGNALS[number]
    assert out == "" and "Stopp" in err and "chunk" not in err


def test_generate_leaves_nothing(spillway, tmp_path):
    process = start(spillway, "generate", "--rows", "20000000", "--out", tmp_path / "lake")
    wait_until(lambda: list(tmp_path.glob("lake/*/*.parquet")), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopping now." in err and "chunk" not in err
    assert not list(tmp_path.glob("lake/*/_delta_log/*.json"))
    spillway("generate", "--rows", "10", "--out", tmp_path / "lake")


def test_the_last_signal_ends_a_run_where_it_stands(spillway, pipeline, tmp_path):
    process = start(spillway, "run", pipeline, "--set", f"target.table={tmp_path / 'silver'}",
                    "--set", "resources.lanes=1")
    wait_until(lambda: list(tmp_path.glob("silver/*.parquet")), process)
    while process.poll() is None:  # of signals that come together only one arrives
        process.send_signal(signal.SIGTERM)
        time.sleep(0.005)
    process.communicate(timeout=60)
    assert process.returncode == 143
    spillway("run", pipeline, "--set", f"target.table={tmp_path / 'silver'}")
    spillway("validate", pipeline, "--set", f"target.table={tmp_path / 'silver'}")
