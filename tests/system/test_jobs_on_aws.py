"""What happens to a job whose event is in SQS and whose page is in DynamoDB when one of these is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.aws_server import ACCOUNT, REGION, Aws
from kit.jobs import Jobs, jobs_of
from kit.lines import line_to
from kit.servers import start_gunicorn, start_worker

pytestmark = pytest.mark.system


@pytest.fixture
def jobs(project: Path, aws: Aws) -> Iterator[Jobs]:
    environ = {
        "BERTH_QUEUE_URL": f"sqs://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{aws.create_queue('events')}",
        "BERTH_STATE": f"dynamodb:{aws.create_table()}",
        "AWS_REGION": REGION,
    }
    with jobs_of(project, **environ) as jobs:
        jobs.write("job")
        yield jobs


def test_job_of_a_task_that_is_lost_is_taken_up_by_another_that_shares_no_disk(jobs):
    with start_gunicorn(jobs.project, environ=jobs.environ) as first:
        job = jobs.put(first, "job")
        first.await_log("began 0")
        first.kill()
    assert jobs.page(job).state == "running"
    jobs.let_go("job")
    with start_worker(jobs.project, environ=jobs.environ):
        page = jobs.await_state(job, "succeeded")
    assert (page.attempts, page.losses, page.result) == (1, 1, {"n": 0})


def test_job_goes_on_while_queue_and_pages_are_away_and_no_other_is_accepted(jobs, aws_address):
    jobs.write("quick")
    jobs.let_go("quick")
    with line_to(aws_address) as queue, line_to(aws_address) as pages:
        environ = {**jobs.environ, "BERTH_LEASE_SECONDS": "60"}
        environ |= {"AWS_ENDPOINT_URL_SQS": queue.url, "AWS_ENDPOINT_URL_DYNAMODB": pages.url}
        with start_gunicorn(jobs.project, environ=environ) as server:
            job = jobs.put(server, "job", 1)
            server.await_log("began 1")
            pages.cut()
            # The event is queued, but its caller cannot be told where to look for it.
            assert jobs.send(server, "job", 2).get("x-amzn-ErrorType") == "ServiceException"
            queue.cut()
            assert jobs.send(server, "job", 3).get("x-amzn-ErrorType") == "ServiceException"
            reply = server.send("POST", "/2015-03-31/functions/quick/invocations", body=b'{"n": 4}')
            assert (reply.status, reply.json()) == (200, {"n": 4})
            depth = jobs.depth()
            assert depth.depth + depth.running == 2
            jobs.let_go("job")
            server.await_log(f"{job}: its end will be noted later")
            pages.mend()
            page = jobs.await_state(job, "succeeded")
    assert (page.attempts, page.losses, page.result) == (1, 0, {"n": 1})
