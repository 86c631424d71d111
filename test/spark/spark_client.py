"""Runs Python functions on a real Spark in another process, so that a suite pays for one JVM.

  with SparkWorker.start(["test/acceptance"], log) as spark:
      spark.call("guide_job", "run", bronze=.., predictions=.., ..)
"""

import contextlib
import json
import os
import pathlib
import select
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SETUP = HERE.parent.parent / "tools" / "spark_setup.sh"
MISSING = 3  # SETUP's exit code where Java or Maven is missing


class SparkMissing(Exception):
    """This machine cannot run Spark; says what is missing and how to get it."""


class SparkError(Exception):
    """A function failed on Spark. `condition` is Spark's error class, or None."""

    def __init__(self, message, condition):
        super().__init__(message)
        self.condition = condition


def set_up():
    """Installs Spark where it is not yet. Raises SparkMissing."""
    done = subprocess.run([SETUP], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == MISSING:
        raise SparkMissing(done.stderr.strip())
    if done.returncode != 0:
        raise RuntimeError(f"{SETUP} failed:\n{done.stderr}")


class SparkWorker:
    """One thread uses it at a time."""

    def __init__(self, process, log):
        self._process = process
        self._log = log

    @classmethod
    @contextlib.contextmanager
    def start(cls, module_folders, log, timeout_seconds=300):
        """Starts Spark; what it says goes to the file `log`. Stops it at the end of the block."""
        set_up()
        cache = pathlib.Path(os.environ.get("SPILLWAY_CACHE") or
                             pathlib.Path.home() / ".cache" / "spillway")
        with open(log, "w", encoding="utf-8") as log_file:
            process = subprocess.Popen(
                [cache / "spark-4.2.0" / "bin" / "python", HERE / "spark_worker.py",
                 *(str(pathlib.Path(folder).resolve()) for folder in module_folders)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file,
                text=True, encoding="utf-8")
        worker = cls(process, pathlib.Path(log))
        try:
            worker._receive(timeout_seconds)
            yield worker
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def call(self, module, function, timeout_seconds=600, **arguments):
        """The value of module.function(session, **arguments). Raises SparkError."""
        request = {"module": module, "function": function, "arguments": arguments}
        print(json.dumps(request, default=str), file=self._process.stdin, flush=True)
        return self._receive(timeout_seconds)

    def _receive(self, timeout_seconds):
        ready, _, _ = select.select([self._process.stdout], [], [], timeout_seconds)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            said = self._log.read_text(encoding="utf-8", errors="replace")[-3000:]
            how = "stopped" if ready else f"said nothing for {timeout_seconds} s"
            raise RuntimeError(f"the Spark worker {how}:\n{said}")
        answer = json.loads(line)
        if "error" in answer:
            raise SparkError(answer["error"], answer["condition"])
        return answer["value"]
