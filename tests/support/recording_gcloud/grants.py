"""Permissions: the project's policy, the policies of things, and how long Google takes to know of a change."""

from collections import Counter
from typing import TYPE_CHECKING

from tests.support.recording_gcloud.call import NUMBER, Call, Refused

if TYPE_CHECKING:
    from tests.support.recording_gcloud.cloud import Cloud

BUILDER_ROLE = "roles/cloudbuild.builds.builder"


class Fresh:
    """New things, and how often Google does not know of them yet.

    "Typically 2 minutes, potentially 7 minutes or longer": https://cloud.google.com/iam/docs/access-change-propagation.
    """

    def __init__(self, late: int) -> None:
        self.late = late
        self._left: Counter[str] = Counter()

    def add(self, what: str) -> None:
        """It is new."""
        self._left[what] = self.late

    def refuse(self, what: str, words: str) -> None:
        """Raise Refused with Google's words as long as it is not known everywhere."""
        if self._left[what] > 0:
            self._left[what] -= 1
            raise Refused(words)


def account(call: Call, cloud: "Cloud", address: str) -> None:
    """Refuse an account that does not exist, or not everywhere yet.

    Text: https://github.com/hashicorp/terraform-provider-google/issues/2972.
    """
    name = address.partition("@")[0]
    words = f"INVALID_ARGUMENT: Service account {address} does not exist."
    if name not in cloud.things("accounts"):
        raise Refused(words)
    cloud.fresh.refuse(f"account {name} {' '.join(call.words[:2])}", words)


def of_project(call: Call, cloud: "Cloud") -> str:
    """``projects add-iam-policy-binding`` and its like."""
    policy = cloud.state["grants"]
    if call.words[1] == "get-iam-policy":
        return "\n".join(f"{member}\t{role}" for member, role in policy)
    binding = [call.flags["--member"], call.flags["--role"]]
    if call.words[1] == "add-iam-policy-binding":
        account(call, cloud, call.flags["--member"].removeprefix("serviceAccount:"))
        if binding not in policy:
            policy.append(binding)
            cloud.fresh.add(f"role {call.account}")
        return ""
    if binding not in policy:
        # IamPolicyBindingNotFound: lib/googlecloudsdk/command_lib/iam/iam_util.py of the SDK.
        raise Refused("Policy bindings with the specified principal, role, and condition not found!")
    policy.remove(binding)
    return ""


def forget_account(cloud: "Cloud", name: str) -> None:
    """A deleted account stays in the project's policy, under another name.

    https://cloud.google.com/iam/docs/policies#handle-deleted-principals.
    """
    for binding in cloud.state["grants"]:
        address = binding[0].removeprefix("serviceAccount:")
        if binding[0].startswith("serviceAccount:") and address.partition("@")[0] == name:
            binding[0] = f"deleted:serviceAccount:{address}?uid={NUMBER}"


def may_build(cloud: "Cloud", name: str) -> None:
    """Refuse a build as an account that may not build, or not yet.

    Text: https://github.com/PolymerLabs/arcs/pull/4587, and of functions' builds
    https://github.com/hashicorp/terraform-provider-google/issues/20571.
    """
    words = 'INVALID_ARGUMENT: invalid bucket "b"; service account does not have access to the bucket'
    if not any(member.partition("@")[0].endswith(f":{name}") for member, role in cloud.state["grants"]):
        raise Refused(words)
    cloud.fresh.refuse(f"role {name}", words)


def may_read(cloud: "Cloud", name: str, secret: str, version: int) -> None:
    """Refuse a service whose account may not read a secret, or not yet.

    "Cloud Run checks all the secrets … If any check fails, the service deployment fails":
    https://cloud.google.com/run/docs/configuring/secrets. Text: https://github.com/sourcegraph/sourcegraph-public-snapshot/pull/59045.
    """
    value = cloud.known("secrets", secret)
    if version > len(value) or value[version - 1] is None:
        raise Refused(f"Secret projects/{NUMBER}/secrets/{secret}/versions/{version} was not found")
    words = f"Permission denied on secret: {secret} for Revision service account {name}"
    if name not in cloud.things("readers").get(secret, []):
        raise Refused(words)
    cloud.fresh.refuse(f"reader {secret} {name}", words)


def set_readers(call: Call, cloud: "Cloud", secret: str) -> str:
    """``secrets set-iam-policy``."""
    cloud.known("secrets", secret)
    [binding] = call.files["argument"]["bindings"]
    members = [member.removeprefix("serviceAccount:") for member in binding["members"]]
    before = cloud.things("readers").get(secret, [])
    for member in members:
        account(call, cloud, member)
    cloud.things("readers")[secret] = [member.partition("@")[0] for member in members]
    for name in set(cloud.things("readers")[secret]) - set(before):
        cloud.fresh.add(f"reader {secret} {name}")
    return ""


def set_caller(call: Call, cloud: "Cloud", service: str) -> str:
    """``run services add-iam-policy-binding``."""
    cloud.known("services", service)
    member = call.flags["--member"]
    if member == "allUsers" and "iam.allowedPolicyMemberDomains" in cloud.forbids:
        # https://github.com/firebase/firebase-tools/issues/2238
        raise Refused(
            "FAILED_PRECONDITION: One or more users named in the policy do not belong to a permitted customer, perhaps "
            "due to an organization policy."
        )
    if member != "allUsers":
        account(call, cloud, member.removeprefix("serviceAccount:"))
    callers = cloud.things("callers").setdefault(service, [])
    callers += [member] * (member not in callers)
    return ""
