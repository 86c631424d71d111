"""The log that Spillway writes: what it says of each commit, and no more than readers must know."""

import pytest
from deltalake import DeltaTable
from pipelines.delta_log import actions, commits, live_files
from readers.all_types import rows_of_all_types


def test_the_history_tells_what_was_written(copied):
    history = DeltaTable(copied.table).history()
    assert [entry["operation"] for entry in reversed(history)] == (
        ["CREATE TABLE AS SELECT"] + ["WRITE"] * (len(history) - 1))
    metrics = [entry["operationMetrics"] for entry in history]
    assert sum(int(metric["numOutputRows"]) for metric in metrics) == 500
    assert sum(int(metric["numFiles"]) for metric in metrics) == len(live_files(copied.table))
    assert sum(int(metric["numOutputBytes"]) for metric in metrics) == sum(
        path.stat().st_size for path in live_files(copied.table))
    for entry in history:
        assert entry["engineInfo"].startswith("Spillway/")
        assert entry["isBlindAppend"]
    for entry in history[:-1]:
        assert entry["operationParameters"]["mode"] == "Append"


def test_every_chunk_has_a_transaction(copied):
    """One app id, and the number of the source rows that are done, in a commit with their files;
    the first one has the table's definition too."""
    done = []
    app_ids = set()
    for number, commit in enumerate(commits(copied.table)):
        [transaction] = [action["txn"] for action in commit if "txn" in action]
        app_ids.add(transaction["appId"])
        done.append(transaction["version"])
        assert any("add" in action for action in commit)
        assert any("metaData" in action for action in commit) == (number == 0)
        assert any("protocol" in action for action in commit) == (number == 0)
    assert len(app_ids) == 1
    assert app_ids.pop().startswith("spillway:test:")
    assert len(done) > 2 and done == sorted(set(done)) and done[-1] == 500


def test_files_lie_in_the_root_and_say_that_they_change_data(copied):
    for path, add in live_files(copied.table).items():
        assert path.parent == copied.table and path.exists()
        assert add["dataChange"] is True
        assert add["partitionValues"] == {}


def test_no_stray_files(copied):
    """The folder has the log and the files that the log names."""
    found = {path for path in copied.table.iterdir() if path.name != "_delta_log"}
    assert found == set(live_files(copied.table))


def test_the_protocol_asks_for_as_little_as_possible(copied, copied_with_ntz):
    assert actions(copied.table, "protocol") == [{"minReaderVersion": 1, "minWriterVersion": 2}]
    assert actions(copied_with_ntz.table, "protocol") == [{
        "minReaderVersion": 3, "minWriterVersion": 7,
        "readerFeatures": ["timestampNtz"], "writerFeatures": ["timestampNtz"]}]


@pytest.mark.parametrize("interval", [3, 10])
def test_checkpoints_come_as_often_as_the_table_wants(job, interval):
    """deltalake reads the table from the checkpoint alone."""
    job.table("bronze", rows_of_all_types(120, seed=1))
    job.run("--mode=chunked", "--set=processing.chunk_size=10",
            target={"table": "silver", "properties": {"delta.checkpointInterval": str(interval)}})
    log = job.folder / "silver" / "_delta_log"
    found = sorted(int(path.name[:20]) for path in log.glob("*.checkpoint*.parquet"))
    assert found == list(range(interval, 12, interval))
    for commit in log.glob("*.json"):
        if int(commit.stem) <= found[-1]:
            commit.unlink()
    assert sorted(job.rows()["number"].to_pylist()) == list(range(120))
