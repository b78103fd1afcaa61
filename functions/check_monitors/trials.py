"""Trials: checks that somebody on the dashboard wants to see before anything is saved. They make no event."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from shared.logs import step
from shared.settings import SettingError, Settings
from shared.threads import started


class Trials:
    """The trials of one run. Each has a thread of its own, so that it delays no check."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads: list[threading.Thread] = []

    def begin(self, given: Iterable[Mapping[str, Any]]) -> None:
        """Begin what a claim has brought."""
        for each in given:
            thread = threading.Thread(target=_try, args=(each, self._settings), daemon=True)
            if not started(thread):
                return  # The backend gives it out again.
            self._threads.append(thread)

    def wait(self) -> None:
        """Wait until they are reported: a cloud stops whatever goes on behind a response."""
        for thread in self._threads:
            thread.join()


def _try(given: Mapping[str, Any], settings: Settings) -> None:
    # Imported here: an agent that has its targets alone starts without it.
    from functions.check_monitors.probes.checks import check_once
    from functions.check_monitors.reporting import backend
    from shared.monitors.conditions.trial import MAX_ANSWER, JudgedCondition, TrialResult
    from shared.monitors.policy import Policy

    try:
        trial_id, policy = int(given["id"]), Policy.model_validate(given["policy"])
        subject, event = check_once(policy, settings)
        result = TrialResult(
            event=event,
            conditions=tuple(
                JudgedCondition(condition=text, is_met=is_met, shown=shown)
                for text, is_met, shown in subject.judged_conditions()
            ),
            answer=subject.answer(MAX_ANSWER),
        )
    except (ValueError, KeyError, TypeError) as error:
        # A newer backend knows fields that this agent does not. Its text may hold a secret.
        step("agent", "trial_not_understood", level=logging.ERROR, reason=type(error).__name__)
        return
    except SettingError as error:
        step("agent", "setting_error", level=logging.ERROR, reason=str(error))
        return
    step("agent", "tried", trial_id=trial_id, target_url=event.target_url, is_success=event.is_success)
    backend.report_trial(trial_id, result.model_dump_json(), settings)
