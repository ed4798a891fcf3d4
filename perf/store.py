"""Records a second that two processes write together: the store against one JSON file a record; alternated."""

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

from assay import Case, Record, Store

RECORDS, ROUNDS = 4000, 5
VALUES = {"reference": -88.3328, "predicted": -91.2, "text": "x" * 340}  # about 400 B as JSON


def to_store(root, writer):
    with Store(root) as store:
        for index in range(RECORDS // 2):
            store.add("perf/store", 1, f"model-{writer}", "0", Case(f"case-{index}"), Record(VALUES))


def to_files(root, writer):
    for index in range(RECORDS // 2):
        path = Path(root) / f"{writer}-{index}.json"
        path.with_suffix(".tmp").write_text(json.dumps(VALUES))
        os.replace(path.with_suffix(".tmp"), path)


def rate(write):
    with tempfile.TemporaryDirectory() as root:
        Store(root).close()
        writers = [multiprocessing.Process(target=write, args=(root, writer)) for writer in range(2)]
        started = time.perf_counter()
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        return RECORDS / (time.perf_counter() - started)


def main():
    rates = {"store": [], "JSON files": []}
    for _ in range(ROUNDS):
        rates["store"].append(rate(to_store))
        rates["JSON files"].append(rate(to_files))
    store, files = (statistics.median(values) for values in rates.values())
    print(f"store      {store:8,.0f} records/s, two processes, one commit a record of 400 B")
    print(f"JSON files {files:8,.0f} records/s, two processes, one file a record (atomic rename)")
    print(f"ratio      {store / files:8.2f}")


if __name__ == "__main__":
    main()
