"""dramatiq with Redis."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.event_peers import note

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))
enqueue = dramatiq.actor(note).send
