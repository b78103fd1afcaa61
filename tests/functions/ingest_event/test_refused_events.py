"""POST /events: what is refused, and with which words."""

import json

import pytest

from tests.functions.api import FAILURE, SUCCESS, Api


def test_an_array_with_one_bad_event_is_refused_whole(api: Api) -> None:
    response = api.post([FAILURE, FAILURE | {"is_success": "no"}])
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == "1.is_success"
    assert api.get("/alerts") == {"alerts": [], "next": None}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target_url": None}, "target_url"),
        ({"target_url": ""}, "target_url"),
        ({"target_url": 5}, "target_url"),
        ({"target_url": "x" * 2049}, "target_url"),
        ({"target_url": "a\0b"}, "target_url"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": 1736332200}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"is_success": 1}, "is_success"),
        ({"is_success": "true"}, "is_success"),
        ({"is_success": None}, "is_success"),
        ({"status_code": "200"}, "status_code"),
        ({"status_code": 10**30}, "status_code"),
        ({"response_time_ms": "fast"}, "response_time_ms"),
        ({"response_time_ms": -1}, "response_time_ms"),
        ({"response_time_ms": 1e300}, "response_time_ms"),
        ({"error_message": ["no"]}, "error_message"),
        ({"event_id": "x" * 65}, "event_id"),
        ({"event_id": ""}, "event_id"),
        ({"event_id": 7}, "event_id"),
        ({"monitor": {}}, "monitor"),
        ({"monitor": "가" * 683}, "monitor"),
        ({"target_url": "http://" + "가" * 683}, "monitor"),
        ({"location": "x" * 256}, "location"),
        ({"cause": "connection_refused"}, "cause"),
        ({"cause": {"parameters": {}}}, "cause.code"),
        ({"cause": {"code": "Connection refused"}}, "cause.code"),
        ({"cause": {"code": "x" * 65}}, "cause.code"),
        ({"cause": {"code": "x", "parameters": None}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": ["a"]}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"is_x": True}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": "x" * 301}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"host": "a\0b"}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"seconds": 1e300}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {"a b": 1}}}, "cause.parameters"),
        ({"cause": {"code": "x", "parameters": {f"x{i}": i for i in range(17)}}}, "cause.parameters"),
    ],
)
def test_a_wrong_value_is_named_and_stores_nothing(api: Api, change: dict[str, object], field: str) -> None:
    response = api.post(FAILURE | change)
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert response.json is not None
    assert response.json["field"] == field
    assert "value" in response.json
    assert field in response.json["detail"]
    assert api.get("/")["last_check"] is None


@pytest.mark.parametrize("field", ["target_url", "timestamp", "is_success"])
def test_a_missing_field_is_named(api: Api, field: str) -> None:
    response = api.post({name: value for name, value in FAILURE.items() if name != field})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["field"] == field


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"  \n", "blank"),
        (b"hello", "no JSON"),
        (b"{", "half of it"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"target_url": "\\ud800"}', "half a character"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "too deep in a field that is ignored"),
    ],
)
def test_a_body_that_is_no_event_is_400(api: Api, body: bytes, why: str) -> None:
    response = api.post(body)
    assert (response.status_code, response.mimetype) == (400, "application/problem+json"), why


@pytest.mark.parametrize(
    ("ending", "name", "why"),
    [
        (b',"is_success":true}', "is_success", "some would read the first, and some the last"),
        (b' ,\n "is_success" : true }', "is_success", "with spaces"),
        (b',"is_succes\\u0073":true}', "is_success", "the same name, written differently"),
        (b',"mine":1,"mine":1}', "mine", "although nobody reads it"),
        (b',"mine":{"a":1,"b":[{"c":1,"c":2}]}}', "c", "deep in it"),
        (b',"cause":{"code":"x","parameters":{"host":"a","host":"b"}}}', "host", "in a cause"),
        (b',"attempts":[{"timestamp":"2025-01-08T10:30:00Z","status_code":1,"status_code":2}]}', "status_code", "try"),
        (b',"location":5,"location":"a"}', "location", "with a value that is wrong as well"),
    ],
)
@pytest.mark.parametrize("is_array", [False, True])
def test_a_duplicate_name_is_named(api: Api, ending: bytes, name: str, why: str, *, is_array: bool) -> None:
    event = json.dumps(SUCCESS, separators=(",", ":")).encode()
    ambiguous = event.removesuffix(b"}") + ending
    response = api.post(b"[" + event + b"," + ambiguous + b"]" if is_array else ambiguous)
    assert response.status_code == 400
    assert response.json is not None
    assert (response.json["detail"], response.json["field"]) == (f"duplicate name '{name}' in an object", name), why
    assert api.get("/")["last_check"] is None


@pytest.mark.parametrize("field", ["response_time_ms", "status_code", "nobody_reads_it"])
@pytest.mark.parametrize("constant", ["NaN", "-Infinity"])
def test_a_number_that_json_has_not_is_refused(api: Api, field: str, constant: str) -> None:
    response = api.post(json.dumps(FAILURE | {field: float(constant)}).encode())
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["detail"] == f"{constant} is not JSON"


def test_a_text_may_look_like_duplicate_names(api: Api) -> None:
    assert api.post(FAILURE | {"error_message": '{"a": 1, "a" : 2, "is_success":true}'}).status_code == 201


def test_a_body_of_another_type_is_415(api: Api) -> None:
    response = api.post(json.dumps(SUCCESS).encode(), content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert response.json is not None
    assert response.json["field"] == "Content-Type"


def test_a_body_over_the_limit_is_413_and_stores_nothing(api: Api) -> None:
    response = api.post(b" " * (1024 * 1024 + 1))
    assert response.status_code == 413
    assert api.get("/")["last_check"] is None
