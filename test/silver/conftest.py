"""Lakes that `spillway generate` makes once for all tests of the main job."""

import pytest


@pytest.fixture(scope="session")
def generated(spillway, tmp_path_factory):
    """generated(rows=.., **flags) gives the folder with bronze_accident and predictions."""
    made = {}

    def lake(**flags):
        name = tuple(sorted(flags.items()))
        if name not in made:
            made[name] = tmp_path_factory.mktemp("lake")
            spillway("generate", "--out", made[name],
                     *(f"--{key.replace('_', '-')}={value}" for key, value in flags.items()))
        return made[name]

    return lake
