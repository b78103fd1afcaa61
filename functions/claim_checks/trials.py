"""POST /checks/trials/<id>: an agent reports what somebody on the dashboard wanted to try."""

from flask import Request, Response

from shared import web
from shared.logs import step
from shared.models import now
from shared.settings import Settings
from shared.store import TrialNotFound, open_store


@web.route("POST", "/checks/trials/<id>", access="ingest")
def report_trial(request: Request, settings: Settings, trial_id: str) -> Response:
    """204: the first result of a trial is kept, and a later one is dropped; 404 if nobody waits for it any more."""
    # Imported here: claims are answered without it.
    from shared.monitors.conditions.trial import TrialResult

    if not web.is_id(trial_id):
        raise TrialNotFound(trial_id[:100])
    number = int(trial_id)
    result = TrialResult.model_validate_json(web.body_of(request))
    open_store(settings).visits.trials.conclude(number, result.model_dump_json(), now=now())
    step("server", "trial_reported", trial_id=number, is_success=result.event.is_success)
    return Response(status=204)
