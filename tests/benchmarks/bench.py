"""`make bench`: all benchmarks that have a reference or a target, as a table and as build/bench.json.

    .venv/bin/python tests/benchmarks/bench.py [NAME...]

NAME: one or some of them, by the name of their file. Each runs in a process of its own, one after the other. Nothing
is asserted: machines differ, and this one may have been busy ("load before").
"""

import importlib
import json
import sys

from measuring import Row, in_fresh_process, machine, show, table

from mercore import build_dir, plots

NAMES = ("reading", "mp3s", "log_mel", "predict_seconds", "arithmetic", "training_memory", "raw_audio",
         "figures_seconds")  # fmt: skip


def rows_of(name: str) -> list[Row]:
    """What one benchmark measures."""
    return importlib.import_module(name).measure()


def main(wanted: list[str]) -> None:
    """Run, show and keep them."""
    about, rows = machine(), []
    print(", ".join(f"{name}: {value}" for name, value in about.items()), flush=True)
    for name in wanted or NAMES:
        print(f"\n{name}", flush=True)
        found = in_fresh_process(rows_of, name).result
        show(found)
        rows += [(name, row) for row in found]
        every = table([row for _, row in rows]).assign(benchmark=[name for name, _ in rows])
        content = {"machine": about, "rows": json.loads(every.to_json(orient="records"))}
        kept = plots.write_whole(build_dir() / "bench.json", json.dumps(content, indent=1))
    print("\nkept in", kept)


if __name__ == "__main__":
    main(sys.argv[1:])
