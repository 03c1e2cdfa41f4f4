"""`python -m bench.load JOB`: play one load (a JSON object, `job.py`), print its figures as one JSON object."""

import json
import resource
import sys

from bench.load import fanout, idle
from bench.load.connecting import Refused
from bench.load.job import Job
from bench.load.wire import Corrupt


def main() -> None:
    """Read the command line and play."""
    job = Job.from_argument(sys.argv[1])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        figures = idle.hold(job) if job.is_idle else fanout.play(job)
    except (Refused, Corrupt) as error:
        figures = {"failed": f"{type(error).__name__}: {error}"}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
