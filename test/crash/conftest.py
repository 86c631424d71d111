"""Fixtures of the tests of faults."""

import shutil
import subprocess

import pytest
from crash.faulty_job import FORMS, Lakes
from crash.shim import SOURCE, Shim


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "fault_shim.so"
    compiler = shutil.which("cc")
    assert compiler, "no C compiler: apt-get install gcc"
    subprocess.run([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC",
                    "-Wno-nonnull-compare", "-shared", "-o", library, SOURCE, "-ldl"], check=True)
    return Shim(library)


@pytest.fixture(scope="session")
def lakes(spillway, tmp_path_factory):
    return Lakes(spillway, tmp_path_factory.mktemp("lakes"))


@pytest.fixture(params=FORMS)
def form(request):
    return request.param
