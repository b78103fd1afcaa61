"""Changes of what is watched: policies in, from the file and from people. All inside the caller's transaction."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting import Reason
from shared.history.facts import What
from shared.models import Alert, AlertKind, Change, Monitor, MonitorState, as_text, value_of
from shared.models.channel import Channels
from shared.monitors.policy import Policy
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window
from shared.store.asking.entries import PAUSED
from shared.store.engines.database import Row, Transaction
from shared.store.intake.heartbeats import expect_after_change
from shared.store.judging.coverage import Coverage, Occasion
from shared.store.judging.dependencies import refuse_circle, refuse_wrong_parents
from shared.store.judging.outages import end_alert
from shared.store.judging.windows import put_of_file
from shared.store.mentions import rename_mentions
from shared.store.recurring.of_file import PartChange, compared, put_drills, put_summaries, stored_parts
from shared.store.refusals import EscalationInUse, NameTaken, OwnedElsewhere, PolicyChanged, UnknownName
from shared.store.renames import give_name
from shared.store.tables import (
    alerts,
    configuration,
    monitor_locations,
    monitors,
    policies,
    replay_facts,
    state_changes,
)
from shared.store.tables.heartbeats import token_hash

TOKEN_BYTES = 24  # 32 characters


class Plan(NamedTuple):
    """The changes of a configuration. ``changed``: the names of the fields that change, by monitor.

    ``parts``: what changes beside the monitors.
    """

    version: int
    added: list[str]
    changed: dict[str, list[str]]
    removed: list[str]
    unchanged: int
    changes: list[Change]
    parts: Sequence[PartChange] = ()


def add(transaction: Transaction, policy: Policy, now: datetime) -> int:
    """A new monitor of source 'api', by its id. Raises as ``Monitors.add`` does."""
    known = policies.named(transaction, policy.name)
    if known is not None and known["source"] != "report" and known["removed_at"] is None:
        raise NameTaken(policy.name)
    refuse_wrong_parents(transaction, policy)
    edit = _Edit(transaction, now)
    edit.refuse_unknown_escalation(policy)
    monitor_id = edit.put(known, policy, "api")
    edit.save()
    return monitor_id


def change(
    transaction: Transaction, monitor_id: int, changed: Callable[[Policy], Policy], now: datetime, channels: Channels
) -> list[Change]:
    """Change a monitor's policy. Raises as ``Monitors.change`` does."""
    row = _own(transaction, monitor_id, "api")
    stored = policies.policy_of(row)
    if stored is None:
        raise OwnedElsewhere(row["name"], row["source"], row["line"])
    return replace(transaction, monitor_id, changed(stored), now, channels)


def replace(
    transaction: Transaction,
    monitor_id: int,
    policy: Policy,
    now: datetime,
    channels: Channels,
    version: int | None = None,
) -> list[Change]:
    """Replace a monitor's policy. Raises as ``Monitors.replace`` does."""
    row = _own(transaction, monitor_id, "api")
    if version is not None and row["version"] != version:
        raise PolicyChanged(monitor_id)
    other = policies.named(transaction, policy.name)
    if other is not None and other["id"] != monitor_id and other["removed_at"] is None:
        raise NameTaken(policy.name)
    edit = _Edit(transaction, now)
    if policy.name != row["name"]:
        give_name(transaction, monitor_id, row["name"], policy.name, version=edit.version, at=now)
        rename_mentions(transaction, row["name"], policy.name, version=edit.version, at=now)
        row = policies.get(transaction, monitor_id)
    stored = policies.policy_of(row)
    refuse_wrong_parents(transaction, policy, stored.depends_on if stored else ())
    if policy.escalation != row["escalation"]:
        # A former version took any name, and whoever changes something else may keep it.
        edit.refuse_unknown_escalation(policy)
    changes = edit.pause(row, policy, channels)
    edit.put(row, policy, "api")
    expect_after_change(transaction, row, policy.heartbeat, now, is_watched=policy.enabled)
    edit.save()
    return changes


def remove(transaction: Transaction, monitor_id: int, now: datetime, channels: Channels) -> list[Change]:
    """Watch a monitor no more. Raises as ``Monitors.remove`` does."""
    edit = _Edit(transaction, now)
    changes = edit.remove(_own(transaction, monitor_id, "api", "report"), channels)
    edit.save()
    return changes


def apply(
    transaction: Transaction,
    wanted: Sequence[Policy],
    lines: dict[str, int],
    body: dict[str, Any],
    windows: Sequence[Window],
    drills: Sequence[Drill],
    summaries: Sequence[Summary],
    now: datetime,
    channels: Channels,
) -> Plan:
    """Make the file's monitors, windows, drills and summaries what it says; see ``Monitors.apply``."""
    edit = _Edit(transaction, now)
    before = stored_parts(transaction)
    plan = _apply(edit, wanted, lines, channels=channels)
    edit.refuse_lost_escalations(body)
    has_new_windows = put_of_file(transaction, windows, now=now, channels=channels)
    has_new_drills = put_drills(transaction, drills, now)
    has_new_summaries = put_summaries(transaction, summaries, now)
    is_body_new = body != configuration.body(transaction)
    if is_body_new or has_new_windows or has_new_drills or has_new_summaries:
        edit.body, edit.is_changed = body, True
    edit.save()
    return plan._replace(parts=compared(before, stored_parts(transaction)))


class _Edit:
    """Changes of policies in one transaction: all have the same new version of the configuration."""

    def __init__(self, transaction: Transaction, now: datetime) -> None:
        self.transaction, self.now = transaction, now
        self.version = configuration.version(transaction) + 1
        self.body = configuration.body(transaction)
        self.is_changed = False

    def save(self) -> None:
        """Write the new version, if there is one."""
        if self.is_changed:
            configuration.save(self.transaction, self.version, self.body)

    def refuse_unknown_escalation(self, policy: Policy) -> None:
        """Raise UnknownName if the file has no such escalation: nobody would be notified by it."""
        if policy.escalation is not None and policy.escalation not in configuration.escalations(self.body):
            raise UnknownName("escalation", policy.escalation, "the name of an escalation in the file")

    def refuse_lost_escalations(self, body: Mapping[str, Any]) -> None:
        """Raise EscalationInUse if ``body`` has an escalation no longer that a monitor of the API has."""
        lost = configuration.escalations(self.body).keys() - configuration.escalations(body).keys()
        for name in sorted(lost):
            if users := policies.with_escalation(self.transaction, name):
                raise EscalationInUse(name, users)

    def put(self, known: Row | None, policy: Policy, source: str, line: int | None = None) -> int:
        """Store a policy as a new monitor's, or as that of the ``known`` row; the monitor's id."""
        policy = _with_token(policy, known)
        token = policy.heartbeat.token if policy.heartbeat else None
        columns = policies.columns_of(policy, source, self.version, line=line, token_hash=token_hash(token))
        self.is_changed = True
        if known is None:
            monitor_id = policies.add(self.transaction, columns)
            replay_facts.add_policy(self.transaction, monitor_id, self.now)
            return monitor_id
        policies.save(self.transaction, known["id"], columns)
        replay_facts.add_policy(self.transaction, known["id"], self.now)
        if known["removed_at"] is not None or (policy.enabled and not known["is_watched"]):
            self._forget_state(known["id"], ends=False)
            self._note(known["id"], PAUSED, MonitorState.UNKNOWN, Reason.WATCHED_AGAIN)
        return int(known["id"])

    def pause(self, row: Row, policy: Policy, channels: Channels) -> list[Change]:
        """End the outage of a monitor that the new policy pauses."""
        if policy.enabled or not row["is_watched"]:
            return []
        return self._end_outage(row, Reason.PAUSED, channels)

    def remove(self, row: Row, channels: Channels) -> list[Change]:
        """Watch it no more."""
        changes = self._end_outage(row, Reason.REMOVED, channels)
        policies.unwatch(self.transaction, row["id"], version=self.version, removed_at=as_text(self.now))
        replay_facts.add_policy(self.transaction, row["id"], self.now)
        self.is_changed = True
        return changes

    def _end_outage(self, row: Row, reason: Reason, channels: Channels) -> list[Change]:
        self._forget_state(row["id"], ends=True)
        found = alerts.active_of_monitor(self.transaction, row["name"])
        outage = next((alert for alert in found if alert.kind is AlertKind.OUTAGE), None)
        before = row["state"] if row["is_watched"] else PAUSED
        self._note(row["id"], before, PAUSED, reason, outage)
        return [self._end(alert, value_of(Monitor, row), reason, channels) for alert in found]

    def _end(self, alert: Alert, monitor: Monitor, reason: Reason, channels: Channels) -> Change:
        occasion = Occasion(self.transaction, Coverage(self.transaction, self.now), channels, self.now)
        return end_alert(occasion, monitor, alert, self.now, reason)

    def _forget_state(self, monitor_id: int, *, ends: bool) -> None:
        replay_facts.add(self.transaction, monitor_id, What.BEGUN_AGAIN, self.now, ends=ends)
        monitors.forget_state(self.transaction, monitor_id, self.now)
        monitor_locations.forget(self.transaction, monitor_id)

    def _note(self, monitor_id: int, before: str, after: str, reason: Reason, alert: Alert | None = None) -> None:
        alert_id = alert.id if alert else None
        state_changes.add(self.transaction, monitor_id, before, after, self.now, reason, alert_id=alert_id)


def _apply(edit: _Edit, wanted: Sequence[Policy], lines: dict[str, int], *, channels: Channels) -> Plan:
    known = policies.every_by_name(edit.transaction)
    plan = Plan(edit.version, [], {}, [], 0, [])
    unchanged = 0
    for policy in wanted:
        row = known.get(policy.name)
        fields = _changed_fields(row, policy)
        if fields is None:
            plan.added.append(policy.name)
        elif fields:
            plan.changed[policy.name] = fields
        else:
            unchanged += 1
            policies.set_line(edit.transaction, known[policy.name]["id"], lines.get(policy.name))
            continue
        if row is not None:
            plan.changes.extend(edit.pause(row, policy, channels))
        edit.put(row, policy, "file", lines.get(policy.name))
        if row is not None:
            expect_after_change(edit.transaction, row, policy.heartbeat, edit.now, is_watched=policy.enabled)
    names = {policy.name for policy in wanted}
    for name, row in known.items():
        if row["source"] == "file" and row["removed_at"] is None and name not in names:
            plan.removed.append(name)
            plan.changes.extend(edit.remove(row, channels))
    if plan.added or plan.changed or plan.removed:
        # The file's own monitors are in none, but others, made through the API, may close one.
        refuse_circle(edit.transaction)
    return plan._replace(unchanged=unchanged)


def _changed_fields(row: Row | None, policy: Policy) -> list[str] | None:
    """The fields of the stored policy that change; None if there is none."""
    stored = policies.policy_of(row) if row is not None and row["removed_at"] is None else None
    if row is None or stored is None:
        return None
    policy = _with_token(policy, row)
    fields = [name for name in Policy.model_fields if getattr(stored, name) != getattr(policy, name)]
    return fields if row["source"] == "file" else [*fields, "source"]


def _with_token(policy: Policy, known: Row | None) -> Policy:
    """The policy with a token for its heartbeat: its own, the one that is stored, or a new one."""
    if policy.heartbeat is None or policy.heartbeat.token is not None:
        return policy
    stored = policies.policy_of(known) if known is not None else None
    token = (stored.heartbeat.token if stored and stored.heartbeat else None) or secrets.token_urlsafe(TOKEN_BYTES)
    return policy.model_copy(update={"heartbeat": policy.heartbeat.model_copy(update={"token": token})})


def _own(transaction: Transaction, monitor_id: int, *sources: str) -> Row:
    row = policies.get(transaction, monitor_id)
    if row["source"] not in sources:
        raise OwnedElsewhere(row["name"], row["source"], row["line"])
    return row
