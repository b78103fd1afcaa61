"""The database's template and the authorities that the functions trust, against AWS's own rules."""

import pytest

from infra.clouds.aws.database import authorities, template
from tests.support.moto_aws.templates import read_for_sam

pytestmark = pytest.mark.together("aws")


def test_the_template_is_what_its_generator_makes() -> None:
    assert template.FILE.read_text() == template.text(), "python -m infra.clouds.aws template writes it"
    assert read_for_sam(template.FILE.read_text()) == template.document()


def test_cfn_lint_finds_nothing_in_it() -> None:
    from cfnlint.api import ManualArgs, lint

    # RDS takes the newest release of a major version; cfn-lint knows releases alone.
    known = ManualArgs(regions=["us-east-1"], ignore_checks=["W3691"])
    assert lint(template.FILE.read_text(), config=known) == []


def test_it_takes_nothing_but_tls() -> None:
    resources = template.document()["Resources"]
    assert resources["OnlyTls"]["Properties"]["Parameters"] == {"rds.force_ssl": "1"}
    assert resources["Database"]["Properties"]["DBParameterGroupName"] == {"Ref": "OnlyTls"}
    assert resources["Database"]["DeletionPolicy"] == "Snapshot"
    assert "resolve:ssm-secure" in resources["Database"]["Properties"]["MasterUserPassword"]


def test_the_authorities_are_those_of_rds() -> None:
    """AWS prints two of them in its examples, one of them in part."""
    from cryptography import x509

    found = x509.load_pem_x509_certificates(authorities.FILE.read_bytes())
    assert len(found) == len(authorities.thumbprints()) == 27
    for certificate, region in zip(found, authorities.thumbprints(), strict=True):
        certificate.verify_directly_issued_by(certificate)
        assert f"CN=Amazon RDS {region} Root CA RSA2048 G1," in certificate.subject.rfc4514_string() + ","
        assert certificate.not_valid_after_utc.year > 2060
    thumbprints = authorities.thumbprints()
    assert thumbprints["us-west-2"] == "7c40cb42714b6fdb2b296f9bbd0e8bb364436a76"
    assert thumbprints["us-east-1"].startswith("2fa77ef894d983ba9d37ad699c84ab0f")
