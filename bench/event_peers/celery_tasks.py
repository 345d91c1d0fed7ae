"""Celery with Redis; like the others it keeps no result."""

import os

from celery import Celery

from bench.event_peers import note

app = Celery("bench", broker=os.environ["BENCH_REDIS"])
app.conf.task_ignore_result = True
enqueue = app.task(note).delay
