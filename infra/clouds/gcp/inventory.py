"""Our things in the project on Google Cloud, and the regions in which they are."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from dotenv import dotenv_values

from infra.clouds.cli import CommandFailed, ask
from infra.clouds.gcp import access, database, older, services
from infra.clouds.gcp.project import GCLOUD, PREFIX, Existing, Place, Versions, image, name_of, secret_name
from infra.table import rows
from shared import ROOT


def project_number(project: str) -> str:
    """The number that belongs to a project's id. Raises CommandFailed."""
    return ask(GCLOUD, "projects", "describe", project, "--format=value(projectNumber)").strip()


def inspect(place: Place) -> Existing:
    """Ask Google for the existing parts. Raises CommandFailed."""
    apis = frozenset(_basename(line) for line in _lines(place, "services", "list", "--enabled", key="config.name"))
    questions = _questions(place)
    # A disabled API has nothing, and to ask it is an error.
    asked = {kind: (words, key) for kind, (api, words, key) in questions.items() if f"{api}.googleapis.com" in apis}
    with ThreadPoolExecutor(4) as pool:
        works = {kind: pool.submit(_lines, place, *words, key=key) for kind, (words, key) in asked.items()}
        lines = {kind: work.result() for kind, work in works.items()}
        running, repositories = _running(lines.pop("services", ())), _repositories(lines.pop("repositories", ()))
        gateways = _places(lines.pop("gateways", ()))
        found = {kind: _ours(kind, said) for kind, said in lines.items()}
        secrets = {name: pool.submit(_versions, place, name) for name in found.pop("secrets", ())}
        tags = pool.submit(_tags, place) if PREFIX in repositories[place.region] else None
        return Existing(
            apis=apis,
            **found,
            services=running[place.region],
            repositories=repositories[place.region],
            grants=_grants(place),
            secrets={name: work.result() for name, work in secrets.items()},
            tags=tags.result() if tags else frozenset(),
            gateways=gateways,
            elsewhere=frozenset(running.keys() - {place.region}),
            images_elsewhere=frozenset(repositories.keys() - {place.region}),
        )


def refuse_elsewhere(place: Place, existing: Existing, *, is_deployment: bool) -> None:
    """Raise CommandFailed if Bonghwa runs in another region, unless this is to remove what is also in the region.

    A second system would share the accounts and the secrets of the first one, and destroy versions that it reads.
    """
    is_here = bool(existing.services or existing.repositories or existing.jobs or existing.queues)
    if not existing.elsewhere or (is_here and not is_deployment):
        return
    there = min(existing.elsewhere)
    removal = f"make teardown-gcp PROJECT={place.project} REGION={there}"
    if not is_deployment:
        fix = f"there is nothing of it in {place.region}: {removal} removes it"
    elif existing.services:
        fix = f"there may be one in a project, and there is one in {place.region} too. Remove one first: {removal}"
    else:
        fix = (
            f"REGION={there} updates it there. To move it to {place.region}, first remove it there, "
            f"which keeps the database: {removal}"
        )
    raise CommandFailed(f"Bonghwa runs in {', '.join(sorted(existing.elsewhere))}: {fix}")


def _questions(place: Place) -> dict[str, tuple[str, tuple[str, ...], str]]:
    """For each kind of thing: its API, the command that lists it, and what it is to print of each."""
    location = f"--location={place.region}"
    return {
        "accounts": ("iam", ("iam", "service-accounts", "list"), "email"),
        "secrets": ("secretmanager", ("secrets", "list"), "name"),
        "repositories": ("artifactregistry", ("artifacts", "repositories", "list", "--location=all"), "name"),
        "buckets": ("storage", ("storage", "buckets", "list", f"--filter=name={place.bucket}"), "name"),
        # Without a region, those of all.
        "services": ("run", ("run", "services", "list"), "metadata.name,region"),
        # Google lists these of one region only. None is there without a service: see the order of the stages.
        "jobs": ("cloudscheduler", ("scheduler", "jobs", "list", location), "name"),
        "queues": ("cloudtasks", ("tasks", "queues", "list", location), "name"),
        "functions": ("cloudfunctions", ("functions", "list", "--v2", f"--regions={place.region}"), "name"),
        "workflows": ("workflows", ("workflows", "list", location), "name"),
        "gateway_apis": ("apigateway", ("api-gateway", "apis", "list"), "name"),
        "configs": ("apigateway", ("api-gateway", "api-configs", "list"), "name"),
        "gateways": ("apigateway", ("api-gateway", "gateways", "list"), "name"),
    }


def _ours(kind: str, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in map(_basename, names) if _is_ours(kind, name))


def _running(lines: Iterable[str]) -> dict[str, frozenset[str]]:
    return _by_region("services", (tuple(line.split()) for line in lines))


def _repositories(names: Iterable[str]) -> dict[str, frozenset[str]]:
    return _by_region("repositories", ((_basename(name), _region(name)) for name in names))


def _by_region(kind: str, found: Iterable[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """The names that are ours, by their region; none for a region without one."""
    names = defaultdict[str, frozenset[str]](frozenset)
    for name, region in found:
        if _is_ours(kind, name):
            names[region] |= {name}
    return names


def _places(names: Iterable[str]) -> dict[str, str]:
    return {_basename(name): _region(name) for name in names if _is_ours("gateways", _basename(name))}


def _region(name: str) -> str:
    # projects/P/locations/REGION/…/NAME
    return name.split("/")[3]


def _versions(place: Place, secret: str) -> Versions:
    said = [line.split() for line in _lines(place, "secrets", "versions", "list", secret, key="name,state")]
    numbers = {int(_basename(name)): state.lower() for name, state in said}
    enabled = (number for number, state in numbers.items() if state == "enabled")
    return Versions(max(numbers, default=0), tuple(sorted(enabled)))


def _tags(place: Place) -> frozenset[str]:
    said = _lines(place, "artifacts", "docker", "images", "list", image(place), "--include-tags", key="tags")
    return frozenset(tag for line in said for tag in re.split("[,;]", line))


def _grants(place: Place) -> frozenset[tuple[str, str]]:
    words = ("projects", "get-iam-policy", place.project, "--flatten=bindings[].members")
    said = [line.split() for line in _lines(place, *words, key="bindings.members,bindings.role")]
    granted = {*access.PROJECT_ROLES.values(), database.CLIENT, older.INVOKER}
    return frozenset((member, role) for member, role in said if role in granted and _is_own_account(place, member))


def _is_own_account(place: Place, member: str) -> bool:
    # deleted:serviceAccount:NAME@…?uid=… is left in a policy when an account is deleted.
    name, _, domain = member.removeprefix("deleted:").removeprefix("serviceAccount:").partition("@")
    return _is_ours("accounts", name) and domain.partition("?")[0] == place.account("").removeprefix("@")


def _lines(place: Place, *words: str, key: str) -> list[str]:
    answer = ask(GCLOUD, *words, f"--format=value({key})", f"--project={place.project}", "--quiet")
    return [line.strip() for line in answer.splitlines() if line.strip()]


def _basename(name: str) -> str:
    return name.rpartition("/")[2].partition("@")[0]


def _is_ours(kind: str, name: str) -> bool:
    """Whether a deployment of any version makes something of this name. Other names that begin alike are not ours."""
    return re.fullmatch(_names()[kind], name) is not None


@functools.cache
def _names() -> dict[str, str]:
    """A regular expression for each kind of thing. No version has made others."""
    functions = "|".join(name_of(row) for row in rows())
    settings = (*dotenv_values(ROOT / ".env.example", interpolate=False), services.SCHEDULED_KEY)
    secrets = "|".join(map(secret_name, settings))
    return {
        "accounts": "|".join(access.known_account_names()),
        # A monitor's variable has any name that begins so.
        "secrets": rf"{secrets}|{PREFIX}-(monitor|MONITOR)-.+",
        "repositories": PREFIX,
        "buckets": rf"{PREFIX}-build-\d+",
        "services": f"{PREFIX}|{services.REPORTS}|{functions}",
        # The runs between the ticks had jobs of their own, with their seconds.
        "jobs": rf"({functions})(-\d+s)?",
        "queues": rf"{PREFIX}-\d{{8}}-\d{{6}}(-\d{{6}})?",
        "functions": functions,
        "workflows": functions,
        "gateway_apis": PREFIX,
        "configs": rf"{PREFIX}-[0-9a-f]{{12}}",
        "gateways": PREFIX,
    }
