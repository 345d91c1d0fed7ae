"""huey with its queue in a file of SQLite."""

import os

from huey import SqliteHuey

from bench.event_peers import note

huey = SqliteHuey(filename=os.environ["BENCH_FILE"])
enqueue = huey.task()(note)
