"""An endpoint of AWS: it checks each signature with Amazon's own library, and then answers as a test wants."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.running import AWS
from tests.support.stand_ins.server import Exchange, StandIn

# Lambda's response to a role without the permission, or to an unknown caller:
# https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html
_FORBIDDEN = {"message": "The security token included in the request is invalid."}
FUNCTION_ERROR = "X-Amz-Function-Error"


class AwsApi(StandIn):
    """``respond`` takes the path and the body of a signed request, and returns a status, an object and headers."""

    def __init__(
        self, service: str, region: str, respond: Callable[[str, Any], tuple[int, Any, dict[str, str]]], token: str = ""
    ) -> None:
        super().__init__()
        self.service, self.region, self.token = service, region, token
        self._respond = respond
        self.paths: list[str] = []

    def answer(self, exchange: Exchange) -> None:
        self.paths.append(exchange.path)
        if not self._is_signed(exchange):
            exchange.answer(403, json.dumps(_FORBIDDEN), "application/json", {"x-amzn-ErrorType": "Invalid"})
            return
        status, found, headers = self._respond(exchange.path, json.loads(exchange.body))
        exchange.answer(status, json.dumps(found), "application/json", headers)

    def _is_signed(self, exchange: Exchange) -> bool:
        # Imported here: every process of a distributed run imports each stand-in.
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        given = exchange.headers.get("Authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        headers = {name: exchange.headers.get(name, "") for name in names}
        if headers.get("x-amz-security-token", "") != self.token or not {"host", "x-amz-date"} <= headers.keys():
            return False
        url = f"http://{exchange.headers['Host']}{exchange.path}"
        request = AWSRequest(exchange.method, url, headers, exchange.body)
        request.context["timestamp"] = headers["x-amz-date"]
        auth = SigV4Auth(Credentials(AWS["AWS_ACCESS_KEY_ID"], AWS["AWS_SECRET_ACCESS_KEY"]), self.service, self.region)
        text = auth.string_to_sign(request, auth.canonical_request(request))
        scope = f"Credential={AWS['AWS_ACCESS_KEY_ID']}/{auth.credential_scope(request)},"
        return scope in given and given.endswith(f"Signature={auth.signature(text, request)}")
