"""The jobs that are measured: on which data, under which limit, by whom."""

from dataclasses import dataclass

MIB, GIB = 1 << 20, 1 << 30
PEERS = ("duckdb", "polars", "deltalake", "daft", "spark")


@dataclass(frozen=True)
class DataSet:
    """A bronze table and its predictions. `shape` names the function of data.py that makes it."""

    name: str
    rows: int
    shape: str = "generated"
    content_bytes: int = 96

    @property
    def about_bytes(self) -> int:
        """Of both tables on the disk; 190 bytes a row beside the content were measured."""
        return self.rows * (self.content_bytes + 70)


@dataclass(frozen=True)
class Job:
    name: str
    what: str
    data: DataSet
    memory_bytes: int
    engines: tuple[str, ...] = ("cp", "spillway", *PEERS)
    where: str | None = None  # SQL that all engines read alike
    duplicates: str = "expand"  # of a key in the lookup
    file_system: str = "ext4"  # or xfs: an image on a loop device


def _generated(millions: int) -> DataSet:
    return DataSet(f"{millions}m", millions * 1_000_000)


GUIDE = _generated(38)  # the size of the guide's job
# One row in 500 goes, everywhere: no row group of the source is kept whole, so none can be copied.
FILTER = "source <> 'cam-7'"


def _sized(count: int, unit: str) -> Job:
    memory_bytes = count * {"MiB": MIB, "GiB": GIB}[unit]
    return Job(f"38m-{count}{unit}", f"38 M rows in {count} {unit}", GUIDE, memory_bytes)


def _scaled(millions: int) -> Job:
    return Job(f"{millions}m-512MiB", f"{millions} M rows in 512 MiB", _generated(millions),
               512 * MIB, engines=("cp", "spillway"))


def _hostile(name: str, what: str, data: DataSet, **options: str) -> Job:
    return Job(name, f"{what}, in 512 MiB", data, 512 * MIB, engines=("spillway",), **options)


LARGE_ROW_GROUP = DataSet("row-group-3GiB", 160_000, "one_row_group", 20_000)
LARGE_PAGES = DataSet("page-100MB", 15_000, "large_pages", 20_000)


JOBS = (
    _sized(2, "GiB"),
    _sized(1, "GiB"),
    _sized(512, "MiB"),
    _sized(256, "MiB"),
    _sized(128, "MiB"),
    Job("38m-filtered-1GiB", f"38 M rows in 1 GiB, nothing spliced (where: {FILTER})", GUIDE,
        1 * GIB, engines=("spillway", *PEERS), where=FILTER),
    Job("38m-xfs-2GiB", "38 M rows in 2 GiB on XFS", GUIDE, 2 * GIB, engines=("spillway",),
        file_system="xfs"),
    _scaled(1),
    _scaled(10),
    _scaled(100),
    Job("20kB-256MiB", "1 M rows of 20 kB content in 256 MiB",
        DataSet("20kB", 1_000_000, content_bytes=20_000), 256 * MIB, engines=("cp", "spillway")),
    _hostile("row-group-3GiB", "one row group of 3 GiB", LARGE_ROW_GROUP),
    _hostile("row-group-3GiB-filtered", f"one row group of 3 GiB, decoded (where: {FILTER})",
             LARGE_ROW_GROUP, where=FILTER),
    _hostile("page-100MB", "pages of 100 MB", LARGE_PAGES),
    _hostile("page-100MB-filtered", f"pages of 100 MB, decoded (where: {FILTER})", LARGE_PAGES,
             where=FILTER),
    _hostile("keys-equal", "all keys equal in both tables (duplicates: first)",
             DataSet("keys-equal", 4_000_000, "equal_keys"), duplicates="first"),
    _hostile("hot-key", "half of all keys equal in both tables (duplicates: first)",
             DataSet("hot-key", 10_000_000, "hot_key"), duplicates="first"),
)

QUICK = Job("1m-quick", "1 M rows in 1 GiB (quick)", _generated(1), 1 * GIB,
            engines=("cp", "spillway", "duckdb"))
