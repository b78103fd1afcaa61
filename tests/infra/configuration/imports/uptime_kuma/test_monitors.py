"""The import of the options that monitors of every type have in Uptime Kuma."""

from pathlib import Path

from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import monitor, notes, one, only, read_back, said
from tests.infra.configuration.imports.set_ups import NOW


def test_what_the_form_fills_in_is_written_out(kuma_of_each_version: Kuma) -> None:
    found, imported = one(kuma_of_each_version)
    assert found == {
        "name": "M",
        "url": "https://example.org/",
        "interval": "1m",
        "timeout": "48s",
        "failure_threshold": 1,
        "channels": [],
        "accepted_status_codes": ["200-299"],
        "certificate_expiry": ["21d", "14d", "7d"],
    }
    assert [str(note) for note in imported.notes] == [
        "monitors: 1 without a notification: they notify no channel, as in Uptime Kuma (channels: [])"
    ]


def test_a_monitor_that_loses_all_its_notifications_says_so(kuma: Kuma) -> None:
    kuma.notification("Line", "line", kuma.monitor("Lost"))
    half = kuma.monitor("Half")
    kuma.notification("Line 2", "line", half)
    kuma.notification("Slack", "slack", half, slackwebhookURL="https://hooks.slack.com/services/x")
    imported = read(kuma.close(), NOW)
    assert [each["channels"] for each in imported.monitors] == [[], ["Slack"]]
    assert notes(imported, "monitors 'Lost'") == [
        "notifications: none of them is carried over, so it notifies no channel here (channels: []); set channels"
    ]
    assert not said(imported, "as in Uptime Kuma")


def test_a_monitor_without_notifications_has_those_of_its_group(kuma: Kuma) -> None:
    """The nearest group that has some counts, since it notifies in Uptime Kuma when a monitor in it fails."""
    outer = kuma.monitor("Outer", "group")
    inner = kuma.monitor("Inner", "group", parent=outer)
    bare = kuma.monitor("Bare", "group", parent=outer)
    for name, parent in (("In inner", inner), ("In bare", bare), ("Alone", 0)):
        kuma.monitor(name, parent=parent)
    own = kuma.monitor("Own", parent=inner)
    for name, monitor_id in (("a", outer), ("b", inner), ("c", own)):
        kuma.notification(name, "pushbullet", monitor_id, pushbulletAccessToken=name)
    imported = read(kuma.close(), NOW)
    found = {each["name"]: each["channels"] for each in imported.monitors}
    assert found == {"In inner": ["b"], "In bare": ["a"], "Alone": [], "Own": ["c"]}
    assert said(imported, "groups 'Outer': notifications", "a monitor in it that has none of its own notifies its")
    assert said(imported, "monitors: 1 without a notification: they notify no channel, as in Uptime Kuma")


def test_a_monitor_whose_groups_notifications_are_lost_says_so(kuma: Kuma) -> None:
    group = kuma.monitor("Group", "group")
    kuma.monitor("Lost", parent=group)
    kuma.notification("Line", "line", group)
    imported = read(kuma.close(), NOW)
    assert said(imported, "monitors 'Lost': notifications: none of them is carried over")
    assert not said(imported, "as in Uptime Kuma")


def test_thresholds_and_reminders_are_carried_over(kuma: Kuma) -> None:
    found, imported = one(kuma, interval=30, retry_interval=10, maxretries=3, resend_interval=20, timeout=5)
    assert found["failure_threshold"] == 4
    assert (found["interval"], found["retry_interval"], found["timeout"]) == ("30s", "10s", "5s")
    assert found["reminder_interval"] == "10m"
    assert said(imported, "monitors 'M': retry_interval of 10 s", "the interval of 30 s holds while")


def test_a_retry_like_the_interval_is_nothing_to_say(kuma: Kuma) -> None:
    found, imported = one(kuma, maxretries=2)
    assert "retry_interval" not in found
    assert notes(imported, "monitors 'M'") == []


def test_without_a_timeout_it_is_four_fifths_of_the_interval(kuma: Kuma) -> None:
    assert one(kuma, interval=100, timeout=0)[0]["timeout"] == "1m20s"


def test_switches_are_carried_over(kuma: Kuma) -> None:
    found, _ = one(kuma, upside_down=1, active=0, ignore_tls=1, maxredirects=0, expiry_notification=1)
    assert (found["upside_down"], found["enabled"], found["verify_tls"], found["follow_redirects"]) == (
        True,
        False,
        False,
        False,
    )
    # Uptime Kuma says nothing about a certificate that it does not verify.
    assert "certificate_expiry" not in found


def test_the_days_before_a_certificates_end_are_the_settings(kuma: Kuma) -> None:
    kuma.add("setting", key="tlsExpiryNotifyDays", value="[3, 30]")
    assert one(kuma)[0]["certificate_expiry"] == ["30d", "3d"]


def test_names_that_are_not_unique_get_a_number(kuma: Kuma) -> None:
    for name in ("Home", "Home", "Home 2", "Home"):
        kuma.monitor(name)
    imported = read(kuma.close(), NOW)
    assert [each["name"] for each in imported.monitors] == ["Home", "Home 2", "Home 2 2", "Home 3"]
    assert said(imported, "monitors 'Home': name: another monitor has it; this one is 'Home 2'")


def test_tags_have_their_values(kuma: Kuma) -> None:
    identity = kuma.monitor("M")
    kuma.tag(identity, "env", "prod")
    kuma.tag(identity, "critical")
    assert only(kuma)[0]["tags"] == ["env: prod", "critical"]


def test_groups_are_the_parents(kuma: Kuma, tmp_path: Path) -> None:
    web = kuma.monitor("Web", "group", description="All of it")
    inner = kuma.monitor("Inner", "group", parent=web)
    kuma.monitor("Site", parent=web)
    kuma.monitor("API", parent=inner)
    kuma.monitor("Empty", "group")
    imported = read(kuma.close(), NOW)
    assert {each["name"]: each["group"] for each in imported.monitors} == {"Site": "Web", "API": "Web / Inner"}
    assert said(imported, "groups 'Web / Inner'", "groups are flat here")
    assert said(imported, "groups 'Web': tags and description")
    assert said(imported, "groups 'Empty'", "no monitor is in it")
    assert read_back(imported, tmp_path / "out").monitors[0].group == "Web"


def test_a_parent_that_is_checked_is_depended_on(kuma: Kuma) -> None:
    gateway = kuma.monitor("Gateway", "ping", hostname="192.0.2.1")
    kuma.monitor("Site", parent=gateway)
    found = monitor(read(kuma.close(), NOW), "Site")
    assert (found["group"], found["depends_on"]) == ("Gateway", ["Gateway"])


def test_below_a_paused_group_everything_is_paused(kuma: Kuma) -> None:
    kuma.monitor("Site", parent=kuma.monitor("Web", "group", active=0))
    found, imported = only(kuma)
    assert found["enabled"] is False
    assert said(imported, "monitors 'Site': active: its group is paused")


def test_groups_that_hold_each_other_end_nothing(kuma: Kuma) -> None:
    kuma.monitor("A", "group", parent=2)
    kuma.monitor("B", "group", parent=1)
    kuma.monitor("Site", parent=1)
    assert only(kuma)[0]["group"] == "B / A"


def test_options_of_2_x_that_are_lost_are_said(kuma: Kuma) -> None:
    _, imported = one(kuma, cache_bust=1, retry_only_on_status_code_failure=1, domain_expiry_notification=1)
    assert {note.split(":")[0] for note in notes(imported, "monitors 'M'")} == {
        "a query that defeats caches",
        "retrying only after a wrong status code",
    }
    assert said(imported, "monitors: domain_expiry_notification of 1")


def test_a_parent_that_is_left_out_is_not_depended_on(kuma: Kuma, tmp_path: Path) -> None:
    kuma.monitor("Site", parent=kuma.monitor("Game", "steam", hostname="h", port=1))
    found, imported = only(kuma)
    assert "depends_on" not in found
    assert said(imported, "monitors 'Site': parent: 'Game' is not carried over")
    assert len(read_back(imported, tmp_path / "out").monitors) == 1


def test_monitors_that_are_each_others_parents_depend_on_nothing(kuma: Kuma, tmp_path: Path) -> None:
    kuma.monitor("A", parent=2)
    kuma.monitor("B", parent=1)
    imported = read(kuma.close(), NOW)
    assert not any("depends_on" in each for each in imported.monitors)
    assert len(read_back(imported, tmp_path / "out").monitors) == 2
