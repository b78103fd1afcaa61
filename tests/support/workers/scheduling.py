"""The order in which workers take tests: xdist's scheduler of groups, made quick for thousands of them."""

import functools
import json
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist's schedulers have no types for heirs
    """Gives each worker one test after the other, or all that are marked ``together``; the largest groups first.

    One worker takes the tests from the other end. Those compute, and those in front mostly wait: one after the other,
    they would leave a machine idle first, and then crowd it. ``groups``: a file with the group of each marked test.
    """

    def __init__(self, config: Any, log: Any, groups: Path) -> None:
        super().__init__(config, log)
        self._file = groups

    @functools.cached_property
    def _groups(self) -> dict[str, str]:
        groups: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        return groups

    @functools.cached_property
    def _numbers(self) -> dict[str, int]:
        return {nodeid: number for number, nodeid in enumerate(self.collection)}

    def _split_scope(self, nodeid: str) -> str:
        return self._groups.get(nodeid, nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        # xdist's own looks for each test in the whole list, and goes through all that a worker has ever done.
        mine = self.assigned_work.setdefault(node, {})
        for scope in [scope for scope, tests in mine.items() if all(tests.values())]:
            del mine[scope]
        scope, tests = self.workqueue.popitem(last=len(self.nodes) > 2 and node is self.nodes[-1])
        mine[scope] = tests
        node.send_runtest_some([self._numbers[nodeid] for nodeid, is_done in tests.items() if not is_done])
