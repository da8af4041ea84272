"""The TaskHandler of the Python SDK, with the shortest poll interval and without logging. It runs one process per task type."""

import json
import logging
import signal
import sys

from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.worker.worker import Worker


def no_op(item: int) -> dict:
    return {"item": item}


def main() -> None:
    assignment = json.loads(sys.argv[1])
    configuration = Configuration(server_api_url=assignment["url"], log_level=logging.CRITICAL)
    workers = [
        Worker(task_definition_name=kind["name"], execute_function=no_op, poll_interval=1, thread_count=kind["concurrency"])
        for kind in assignment["types"]
    ]
    with TaskHandler(workers=workers, configuration=configuration, scan_for_annotated_workers=False) as handler:
        handler.start_processes()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        sys.stdin.read()  # ends with the bench that started it


if __name__ == "__main__":
    main()
