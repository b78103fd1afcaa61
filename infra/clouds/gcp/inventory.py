"""Our things in the project on Google Cloud, and the regions in which they are."""

import re
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from infra.clouds.cli import CommandFailed, ask
from infra.clouds.gcp.project import GCLOUD, PREFIX, Existing, Place, Versions, image


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
        services, repositories = _services(lines.pop("services", ())), _repositories(lines.pop("repositories", ()))
        gateways = _places(lines.pop("gateways", ()))
        found = {kind: frozenset(filter(_is_ours, map(_basename, said))) for kind, said in lines.items()}
        secrets = {name: pool.submit(_versions, place, name) for name in found.pop("secrets", ())}
        tags = pool.submit(_tags, place) if PREFIX in repositories[place.region] else None
        return Existing(
            apis=apis,
            **found,
            services=services[place.region],
            repositories=repositories[place.region],
            grants=_grants(place),
            secrets={name: work.result() for name, work in secrets.items()},
            tags=tags.result() if tags else frozenset(),
            gateways=gateways,
            elsewhere=frozenset(services.keys() - {place.region}),
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


def _services(lines: Iterable[str]) -> dict[str, frozenset[str]]:
    return _by_region(tuple(line.split()) for line in lines)


def _repositories(names: Iterable[str]) -> dict[str, frozenset[str]]:
    return _by_region((_basename(name), _region(name)) for name in names)


def _by_region(found: Iterable[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """The names that are ours, by their region; none for a region without one."""
    names = defaultdict[str, frozenset[str]](frozenset)
    for name, region in found:
        if _is_ours(name):
            names[region] |= {name}
    return names


def _places(names: Iterable[str]) -> dict[str, str]:
    return {_basename(name): _region(name) for name in names if _is_ours(_basename(name))}


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
    return frozenset((member, role) for member, role in said if _is_own_account(place, member))


def _is_own_account(place: Place, member: str) -> bool:
    # deleted:serviceAccount:NAME@…?uid=… is left in a policy when an account is deleted.
    name, _, domain = member.removeprefix("deleted:").removeprefix("serviceAccount:").partition("@")
    return _is_ours(name) and domain.partition("?")[0] == place.account("").removeprefix("@")


def _lines(place: Place, *words: str, key: str) -> list[str]:
    answer = ask(GCLOUD, *words, f"--format=value({key})", f"--project={place.project}", "--quiet")
    return [line.strip() for line in answer.splitlines() if line.strip()]


def _basename(name: str) -> str:
    return name.rpartition("/")[2].partition("@")[0]


def _is_ours(name: str) -> bool:
    return name == PREFIX or name.startswith(f"{PREFIX}-")
