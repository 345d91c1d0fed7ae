"""RQ with Redis: like Berth it keeps the outcome of each task, and runs tasks in processes of their own."""

import os
from functools import partial

from redis import Redis
from rq import Queue

from bench.event_peers import note

enqueue = partial(Queue(connection=Redis.from_url(os.environ["BENCH_REDIS"])).enqueue, note)
