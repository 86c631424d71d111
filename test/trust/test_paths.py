"""What a table's log names is read below the table's root, and nowhere else."""

import http.server
import json
import os
import shutil
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bad_input.refusal import assert_refused
from trust.crafted import VECTOR_FILE, added, definition, log_file, vector_file, write_log

REFUSED = 3006


@pytest.fixture
def secret(job):
    """A file beside the table, which the table's writer may not read, and we may."""
    path = job.folder / "secret" / "a.parquet"
    path.parent.mkdir()
    pq.write_table(pa.table({"id": pa.array([4711], pa.int64())}), path)
    return path


def rewrite(table, path, size, **more):
    write_log(table, [*definition(), added(path, size, **more)])


@pytest.mark.parametrize("spelling", [
    "../secret/a.parquet", "x/../../secret/a.parquet", "%2e%2e/secret/a.parquet",
    "..%2Fsecret/a.parquet", "{secret}", "file://{secret}", "file:{secret}",
    "file://localhost{secret}", "//{secret}", "file:////{secret}", "https://example.com/a.parquet",
    "s3://bucket/a.parquet"])
def test_a_data_file_outside(job, table, secret, spelling):
    path = spelling.format(secret=secret)
    rewrite(table, path, secret.stat().st_size)
    job.write()
    # Local paths are told in one spelling.
    told = path if path.startswith(("https:", "s3:")) else "secret/a.parquet"
    assert_refused(job, REFUSED, told, "outside", "do:")


@pytest.mark.parametrize("kind", ["file", "folder", "chain"])
def test_a_link_that_leads_out(job, table, secret, kind):
    path = "a.parquet"
    (table / path).unlink()
    if kind == "file":
        (table / path).symlink_to(secret)
    elif kind == "folder":
        (table / "year=1").symlink_to(secret.parent)
        path = "year=1/a.parquet"
    else:
        (table / "inside").symlink_to("../secret")
        (table / path).symlink_to("inside/a.parquet")
    rewrite(table, path, secret.stat().st_size)
    job.write()
    assert_refused(job, REFUSED, path, str(secret.parent))
    assert job.spillway("inspect", table, exit_code=3).stdout == ""


def test_links_that_stay(job, table):
    """The table may be reached by a link, and its files may be links inside it."""
    (table / "store").mkdir()
    (table / "a.parquet").rename(table / "store" / "b.parquet")
    (table / "a.parquet").symlink_to("store/b.parquet")
    (job.folder / "link").symlink_to(table)
    job.run(source={"table": "link"})
    assert job.rows().num_rows == 100


def test_a_commit_by_a_link(job, table, secret):
    """Another table's commit, or any other file with lines of JSON."""
    outside = write_log(secret.parent, [added("a.parquet", 4)], 1)
    log_file(table, 1).symlink_to(outside)
    job.write()
    assert_refused(job, REFUSED, log_file(table, 1).name, "outside")


@pytest.mark.parametrize("place", ["file://{secret}", "file:///etc/passwd", "s3://bucket/x.bin"])
def test_a_deletion_vector_outside(job, table, secret, place):
    vector = {**vector_file(), "storageType": "p", "pathOrInlineDv": place.format(secret=secret)}
    rewrite(table, "a.parquet", (table / "a.parquet").stat().st_size, deletionVector=vector)
    job.write()
    assert_refused(job, REFUSED, "deletion vector", "outside")


def test_a_deletion_vector_by_a_link(job, table, secret):
    (table / VECTOR_FILE).symlink_to(secret)
    rewrite(table, "a.parquet", (table / "a.parquet").stat().st_size, deletionVector=vector_file())
    job.write()
    assert_refused(job, REFUSED, VECTOR_FILE, "outside")


@pytest.fixture
def server():
    """An address that reads as signed, and the requests that it got."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/x?X-Amz-Signature=1&y=", requests
        listening.shutdown()


def test_nothing_is_fetched_for_a_deletion_vector(job, table, server):
    address, requests = server
    rewrite(table, "a.parquet", (table / "a.parquet").stat().st_size,
            deletionVector=vector_file(address))
    job.write()
    assert_refused(job, REFUSED, "outside")
    assert requests == []


def checkpoint_with_sidecar(table, path):
    """A checkpoint of version 0 whose files are in the sidecar at `path`."""
    sidecar = {"sidecar": {"path": path, "sizeInBytes": 900, "modificationTime": 0}}
    actions = [*definition(), {"checkpointMetadata": {"version": 0}}, sidecar]
    write_log(table, actions, f"{0:020}.checkpoint.00000000-0000-0000-0000-000000000000.json")


def test_nothing_is_fetched_for_a_sidecar(job, table, server):
    address, requests = server
    checkpoint_with_sidecar(table, address + "a.parquet")
    job.write()
    assert_refused(job, REFUSED, "outside")
    assert requests == []


@pytest.mark.parametrize("spelling", ["../../../secret/a.parquet", "file://{secret}", "{secret}"])
def test_a_sidecar_outside(job, table, secret, spelling):
    """The root is all that the kernel sees: outside of it there is nothing to be found."""
    checkpoint_with_sidecar(table, spelling.format(secret=secret))
    job.write()
    run = job.run(exit_code=None)
    assert run.returncode in (3, 6), run.stderr
    assert "error[SPW-" in run.stderr and not (job.folder / "silver").exists()


def test_a_sidecar_by_a_link(job, table, secret):
    sidecars = table / "_delta_log" / "_sidecars"
    sidecars.mkdir()
    (sidecars / "s.parquet").symlink_to(secret)
    checkpoint_with_sidecar(table, "s.parquet")
    job.write()
    assert_refused(job, REFUSED, "s.parquet", "outside")


@pytest.mark.parametrize("name", ["_last_checkpoint", VECTOR_FILE, "a.parquet"])
def test_a_pipe_is_not_waited_for(job, table, name):
    """Whoever opens it to read waits for a writer, for ever."""
    size = (table / "a.parquet").stat().st_size
    path = table / name
    if name.startswith("_"):
        path = log_file(table, name)
    elif name == VECTOR_FILE:
        rewrite(table, "a.parquet", size, deletionVector=vector_file())
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    job.write()
    run = job.spillway("run", job.folder / "pipeline.yaml", exit_code=None, timeout=30)
    assert run.returncode in (0, 3), run.stderr
    assert name == "_last_checkpoint" or "not a regular file" in run.stderr


def test_names_do_not_command_the_terminal(job, table):
    rewrite(table, "a\x1b]0;owned\x07\u009b31m.parquet", 4)
    job.write()
    error = assert_refused(job, 3005, "a\\x1b]0;owned\\x07\\x9b31m.parquet")
    assert not any(c in error for c in "\x1b\x07\u009b")


def test_columns_do_not_command_the_terminal(job, table):
    fields = [{"name": "\x1b[2J", "type": "long", "nullable": True, "metadata": {}}]
    shutil.rmtree(table)
    write_log(table, definition(fields=fields))
    assert "\x1b" not in job.spillway("inspect", table).stdout
    columns = json.loads(job.spillway("inspect", table, "--json").stdout)["columns"]
    assert columns[0]["name"] == "\x1b[2J"
