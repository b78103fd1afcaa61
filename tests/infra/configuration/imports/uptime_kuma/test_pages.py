"""Uptime Kuma's status pages."""

from pathlib import Path

from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import monitor, notes, read_back, said
from tests.infra.configuration.imports.set_ups import NOW


def test_headings_become_the_groups_of_monitors_without_one(kuma_of_each_version: Kuma, tmp_path: Path) -> None:
    kuma = kuma_of_each_version
    web = kuma.monitor("Web", "group")
    site, api, db = kuma.monitor("Site", parent=web), kuma.monitor("API"), kuma.monitor("DB")
    kuma.monitor("Secret", parent=web)
    kuma.monitor("Loose")
    kuma.page("main", {"Services": [api, site], "Storage": [db]}, title="Example", footer_text="Call us")
    imported = read(kuma.close(), NOW)
    assert imported.status_page == {"title": "Example", "groups": ["Services", "Web", "Storage"], "footer": "Call us"}
    assert {each["name"]: (each.get("group"), each.get("public")) for each in imported.monitors} == {
        "Site": ("Web", None),
        "API": ("Services", None),
        "DB": ("Storage", None),
        "Secret": ("Web", False),
        "Loose": (None, None),
    }
    assert notes(imported, "status_pages 'main'") == [
        "'Site' under 'Services': it stands under 'Web' here, since a monitor has one group",
        "address: it is /status here instead of /status/main",
    ]
    page = read_back(imported, tmp_path / "out").status_page
    assert page is not None
    assert page["title"] == "Example"


def test_a_heading_without_a_name_is_that_of_its_page(kuma: Kuma) -> None:
    """Without a group, a monitor would be on the first page alone, and its own page would show every group."""
    one, two = kuma.monitor("One"), kuma.monitor("Two")
    kuma.page("first", {"A": [one]})
    kuma.page("second", {"": [two]})
    imported = read(kuma.close(), NOW)
    assert imported.status_pages == {"second": {"title": "Second", "groups": ["Second"]}}
    assert monitor(imported, "Two")["group"] == "Second"
    assert "public" not in monitor(imported, "Two")


def test_without_a_page_nothing_becomes_public(kuma: Kuma) -> None:
    kuma.monitor("Site", parent=kuma.monitor("Web", "group"))
    imported = read(kuma.close(), NOW)
    assert imported.status_page is None
    assert monitor(imported, "Site")["public"] is False


def test_the_entry_page_is_the_first_one(kuma: Kuma, tmp_path: Path) -> None:
    one, two = kuma.monitor("One"), kuma.monitor("Two")
    kuma.page("first", {"A": [one]})
    kuma.page("second", {"B": [two]})
    kuma.page("third", {"B": [two]}, published=0)
    kuma.add("setting", key="entryPage", value='"statusPage-second"')
    imported = read(kuma.close(), NOW)
    assert imported.status_page == {"title": "Second", "groups": ["B"]}
    assert imported.status_pages == {"first": {"title": "First", "groups": ["A"]}}
    assert said(imported, "status_pages 'third'", "it is not published")
    assert set(read_back(imported, tmp_path / "out").status_pages) == {"first"}


def test_a_url_that_visitors_see_stays_visible(kuma: Kuma) -> None:
    site = kuma.monitor("Site")
    page = kuma.page("main", {})
    group = kuma.add("group", name="A", status_page_id=page)
    kuma.add("monitor_group", monitor_id=site, group_id=group, send_url=1)
    assert monitor(read(kuma.close(), NOW), "Site")["hide_url"] is False


def test_the_order_is_that_of_the_weights(kuma: Kuma) -> None:
    one, two = kuma.monitor("One"), kuma.monitor("Two")
    page = kuma.page("main", {})
    later = kuma.add("group", name="Later", weight=2, status_page_id=page)
    sooner = kuma.add("group", name="Sooner", weight=1, status_page_id=page)
    kuma.add("monitor_group", monitor_id=one, group_id=later)
    kuma.add("monitor_group", monitor_id=two, group_id=sooner)
    page_read = read(kuma.close(), NOW).status_page
    assert page_read is not None
    assert page_read["groups"] == ["Sooner", "Later"]


def test_what_a_page_loses_is_said(kuma: Kuma) -> None:
    site = kuma.monitor("Site")
    steam = kuma.monitor("Game", "steam", hostname="x", port=1)
    looks = {"description": "d", "custom_css": "a {}", "icon": "/upload/1.png", "theme": "dark", "analytics_id": "G-1"}
    page = kuma.page("main", {"A": [site, steam]}, **looks)
    kuma.add("status_page_cname", status_page_id=page, domain="status.example.org")
    kuma.add("incident", title="Outage of the cloud", content="Sorry", status_page_id=page)
    imported = read(kuma.close(), NOW)
    whats = {note.split(":")[0] for note in notes(imported, "status_pages 'main'")}
    assert whats >= {"an entry of 'A'", "icon", "theme", "description", "custom_css", "analytics_id"}
    assert "status.example.org" in whats
    assert notes(imported, "incidents") == ["Outage of the cloud: open incidents are not carried over"]


def test_a_groups_row_on_a_page_makes_no_name_public(kuma: Kuma) -> None:
    web = kuma.monitor("Web", "group")
    inner, empty = kuma.monitor("DB", "group", parent=web), kuma.monitor("Empty", "group")
    kuma.monitor("Site", parent=web)
    kuma.monitor("Store", parent=inner)
    kuma.page("main", {"Services": [web, empty, kuma.monitor("Shown")]}, title="T")
    imported = read(kuma.close(), NOW)
    assert imported.status_page == {"title": "T", "groups": ["Services"]}
    assert notes(imported, "status_pages 'main'")[:2] == [
        "the group 'Web' under 'Services': a group has no row of its own; `groups` with 'Web' would show Site, Store",
        "the group 'Empty' under 'Services': none of its monitors is carried over",
    ]


def test_a_page_of_nothing_is_left_out(kuma: Kuma) -> None:
    kuma.page("main", {"A": []})
    imported = read(kuma.close(), NOW)
    assert imported.status_page is None
    assert said(imported, "it shows no monitor that is carried over")


def test_a_slug_or_a_title_that_cannot_be_used_is_said(kuma: Kuma, tmp_path: Path) -> None:
    site = kuma.monitor("Site")
    for slug in ("first", "monitors", "UPPER", "fine"):
        kuma.page(slug, {"A": [site]}, title="x" * (250 if slug == "fine" else 5))
    imported = read(kuma.close(), NOW)
    assert (imported.status_page or {})["title"] == "xxxxx"
    assert list(imported.status_pages) == ["fine"]
    assert len(imported.status_pages["fine"]["title"]) == 200
    for slug in ("monitors", "UPPER"):
        assert said(imported, f"status_pages '{slug}': slug: an address ends in small letters")
    assert set(read_back(imported, tmp_path / "out").status_pages) == {"fine"}


def test_a_page_that_the_file_may_not_hold_is_left_out(kuma: Kuma) -> None:
    kuma.page("first", {"A": [kuma.monitor("Site")]}, footer_text="x" * 2_001)
    imported = read(kuma.close(), NOW)
    assert imported.status_page is None
    assert said(imported, "status_page: footer: expected", "it is left out")
