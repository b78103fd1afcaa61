"""Google's words in an error: what passes by itself, what is done already, and what a person can do."""

# "What you made or allowed just now is not known everywhere yet": trying again helps.
NOT_YET = (
    "does not exist",
    # "Permission 'iam.serviceaccounts.actAs' denied on service account … (or it may not exist)", but not "Permission
    # denied on 'locations/…' (or it may not exist)", which stays so.
    "' denied on",
    "has not been used in project",
    # A build as an account that was allowed to build just now: https://github.com/hashicorp/terraform-provider-google/issues/20571,
    # https://github.com/PolymerLabs/arcs/pull/4587 (its log's bucket), and the push of its image.
    "You must grant Storage Object Viewer",
    "does not have storage.objects.",
    "service account does not have access to the bucket",
    'denied: Permission "artifactregistry.',
    # A service whose account may read a secret since just now: https://github.com/sourcegraph/sourcegraph-public-snapshot/pull/59045.
    "Permission denied on secret",
    # The agents of an API that was enabled just now: https://github.com/firebase/firebase-tools/issues/5244,
    # https://github.com/hashicorp/terraform-provider-google/issues/11912.
    "Unable to retrieve the repository metadata",
    "missing the required permissions on service account",
    "must have permission to read the image",
    # Two commands changed one policy at once: https://cloud.google.com/iam/docs/retry-strategy.
    "concurrent policy changes",
)
# The thing to remove is not there. gcloud itself says "not found!" of a binding (command_lib/iam/iam_util.py).
GONE = ("NOT_FOUND", "not found", "could not be found", "Cannot find", "does not exist")
# "The organization forbids allUsers": https://cloud.google.com/run/docs/authenticating/public.
NO_ALL_USERS = ("do not belong to a permitted customer", "iam.allowedPolicyMemberDomains", "constraints/iam.")
_FIXES = {
    "Permission denied on 'locations/": "there is no such region, or this project may not use it: REGION= takes one of "
    "https://cloud.google.com/run/docs/locations",
    "cannot run builds in this region": "this project may build in a few regions: --build-region takes {regions}",
    "run.managed.requireInvokerIam": "the organization forbids services that everybody may call, in both ways: an "
    "administrator has to exempt this project from run.managed.requireInvokerIam or iam.allowedPolicyMemberDomains",
    "billing": "the project needs an account that pays: https://console.cloud.google.com/billing",
}


def fix(error: str, regions: str) -> str:
    """The cure of an error, as a line of its own; empty if we do not know one. ``regions`` always build."""
    found = [text.format(regions=regions) for words, text in _FIXES.items() if words in error]
    if any(words in error for words in NOT_YET):
        found.append(
            "Google did not know yet of something new: run the same command again, it goes on where it stopped"
        )
    return "".join(f"\n{text}" for text in found)
