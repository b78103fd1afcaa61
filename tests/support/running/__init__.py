"""The real system and its functions as processes of a test: started, asked over HTTP, and always ended.

They run in a copy of the project, so that a test's ``.env``, database and logs never land in the repository. Every
setting is in their environment, so that the environment of the caller does not matter.
"""

from tests.support.running.environ import API_KEY, AWS, environment, free_port
from tests.support.running.function_alone import FunctionAlone
from tests.support.running.local_system import START, LocalSystem
from tests.support.running.process import (
    POST_SECONDS,
    START_SECONDS,
    STOP_SECONDS,
    Running,
    living,
    started_together,
)
from tests.support.running.project import copy_project, shown_by_curl
from tests.support.running.stored import rows, rows_of
from tests.support.running.waiting import wait_until

__all__ = [
    "API_KEY",
    "AWS",
    "POST_SECONDS",
    "START",
    "START_SECONDS",
    "STOP_SECONDS",
    "FunctionAlone",
    "LocalSystem",
    "Running",
    "copy_project",
    "environment",
    "free_port",
    "living",
    "rows",
    "rows_of",
    "shown_by_curl",
    "started_together",
    "wait_until",
]
