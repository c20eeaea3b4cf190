"""Open311 GeoReport v2, also as the clients that others wrote speak it, against a real server."""

from __future__ import annotations

import io
import itertools
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import georeport
import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from bot.app import create_app
from dispatch.accounts import tokens
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.media import service as media
from dispatch.platform import Platform

BASE = "/open311/v2"
HEATING = {"description": "屋里只有十三度，暖气一直不热", "address_string": "朝阳区望京街道南湖西园215楼3单元502室"}


def platform_of(client: TestClient) -> Platform:
    return client.app.state.platform  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def key(client: TestClient) -> str:
    return app_key(platform_of(client))


def app_key(platform: Platform, scope: str = "orders:write") -> str:
    with platform.database.write() as session:
        _, secret = tokens.make(session, name=f"app-{scope}", scopes=[scope], unit_code=None, by="test", now=platform.clock.now())
    return secret


def heating(client: TestClient) -> str:
    services = client.get(f"{BASE}/services.json").json()
    return next(str(each["service_code"]) for each in services if "供暖" in each["service_name"] or "供热" in each["service_name"])


def file(client: TestClient, key: str, **fields: Any) -> str:
    response = client.post(f"{BASE}/requests.json", data={"api_key": key, "service_code": heating(client), **HEATING, **fields})
    assert response.status_code == 201, response.text
    return str(response.json()[0]["service_request_id"])


def test_a_request_is_filed_followed_and_shows_nobody(client: TestClient, key: str, clock: FixedClock) -> None:
    person = {"first_name": "小明", "last_name": "测", "phone": "13800138000", "email": "someone@example.org"}
    number = file(client, key, **person, description=HEATING["description"] + "，我电话13800138000", lat="39.9961", long="116.4704")
    shown = client.get(f"{BASE}/requests/{number}.json").json()
    assert len(shown) == 1
    request = shown[0]
    assert request["status"] == "open"
    assert request["requested_datetime"] == "2026-11-23T10:00:00+08:00"
    assert request["expected_datetime"] > request["requested_datetime"]
    assert (request["lat"], request["long"]) == (39.9961, 116.4704)
    assert request["address"] == "朝阳区望京街道南湖西园", "no building, no door"
    for secret in ("13800138000", "someone@", "502", "小明"):
        assert secret not in str(shown)
    token = client.get(f"{BASE}/tokens/{number}.json").json()
    assert token == [{"service_request_id": number, "token": number}]
    with platform_of(client).database.read() as session:
        stored = session.execute(text("SELECT * FROM open311_requests")).one()
        order = session.execute(text("SELECT channel, contact_lookup, place_detail FROM orders")).one()
    assert "someone@" not in str(stored)
    assert order.channel == "open311"
    assert order.contact_lookup


def test_a_report_on_wrong_doing_is_not_spread(client: TestClient, key: str) -> None:
    number = file(client, key, **{"attribute[request_type]": "举报"})
    request = client.get(f"{BASE}/requests/{number}.json").json()[0]
    assert (request["description"], request["address"], request["lat"]) == (None, "朝阳区", None)


def test_xml_is_the_default_and_escapes(client: TestClient, key: str) -> None:
    number = file(client, key, description='<b>"不热" & 冷</b>\x01')
    for path in (f"{BASE}/requests/{number}", f"{BASE}/requests/{number}.xml"):
        response = client.get(path)
        assert response.headers["content-type"] == "text/xml; charset=utf-8"
        root = ElementTree.fromstring(response.content)
        assert root.tag == "service_requests"
        assert root.findtext("request/description") == '<b>"不热" & 冷</b>'
        assert root.find("request/zipcode") is not None
    discovery = ElementTree.fromstring(client.get(f"{BASE}/discovery.xml").content)
    assert discovery.findtext("endpoints/endpoint/formats/format") == "text/xml"
    definition = ElementTree.fromstring(client.get(f"{BASE}/services/{heating(client)}.xml").content)
    assert definition.findtext("attributes/attribute/values/value/key") == "求助"
    error = client.get(f"{BASE}/requests/BJ20200101-000001.xml")
    assert (error.status_code, ElementTree.fromstring(error.content).findtext("error/code")) == (404, "404")


def test_lists_are_filtered_and_paged(client: TestClient, key: str, clock: FixedClock) -> None:
    numbers = []
    for _ in range(5):
        numbers.append(file(client, key))
        clock.moment += timedelta(days=1)
    clock.moment += timedelta(days=86)  # 91 days after the first

    def listed(**params: str) -> list[str]:
        response = client.get(f"{BASE}/requests.json", params=params)
        assert response.status_code == 200, response.text
        return [each["service_request_id"] for each in response.json()]

    assert listed() == numbers[:0:-1]
    assert listed(start_date="2026-11-23", end_date="2026-11-24") == [numbers[1], numbers[0]]
    assert listed(start_date="2026-11-23T00:00:00Z", end_date="2026-11-23T02:00:00Z") == [numbers[0]]
    assert listed(page="2", page_size="3") == [numbers[1]]
    assert listed(status="open", page="2", page_size="3") == [numbers[1]]
    assert listed(status="closed") == []
    assert listed(status="open,closed", service_code=f"9999,{heating(client)}") == numbers[:0:-1]
    assert listed(service_code="9999") == []
    assert listed(service_request_id=f"{numbers[0]},nonsense", status="closed") == [numbers[0]], "ids override"
    assert listed(status="", page="", start_date="") == numbers[:0:-1], "empty counts as absent"


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"start_date": "2026-01-01", "end_date": "2026-06-01"}, "start_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "2026-02-30"}, "end_date"),
        ({"start_date": "2026-11-20", "end_date": "2026-11-10"}, "start_date"),
        ({"status": "weird"}, "status"),
        ({"page": "0"}, "page"),
        ({"page_size": "1001"}, "page_size"),
    ],
)
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_bad_parameters_are_named(client: TestClient, params: dict[str, str], named: str) -> None:
    response = client.get(f"{BASE}/requests.json", params=params)
    assert response.status_code == 400
    assert response.json()[0]["code"] == "400"
    assert named in response.json()[0]["description"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_errors_are_open311s_own(client: TestClient, key: str) -> None:
    code = heating(client)
    reader = app_key(platform_of(client), "orders:read")
    good = {"api_key": key, "service_code": code, **HEATING}
    for change, status in (
        ({"api_key": ""}, 403),
        ({"api_key": "nonsense"}, 403),
        ({"api_key": reader}, 403),
        ({"service_code": ""}, 400),
        ({"service_code": "9999"}, 404),
        ({"address_string": ""}, 400),
        ({"address_string": "", "lat": "39.9"}, 400),
        ({"lat": "nan", "long": "116"}, 400),
        ({"lat": "91", "long": "116"}, 400),
        ({"address_id": "nowhere"}, 400),
        ({"description": "长" * 4001}, 400),
        ({"media_url": "javascript:alert(1)"}, 400),
        ({"phone": "call me"}, 400),
        ({"email": "x"}, 400),
        ({"attribute[request_type]": "吵架"}, 400),
        ({"jurisdiction_id": "shanghai"}, 404),
    ):
        response = client.post(f"{BASE}/requests.json", data={**good, **change})
        assert response.status_code == status, change
        assert [sorted(row) for row in response.json()] == [["code", "description"]] * len(response.json())
    assert client.post(f"{BASE}/requests.json", json=good).status_code == 400
    assert client.post(f"{BASE}/requests.json", content=b"--x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    for method, path, status in (
        ("GET", "/services/9999.json", 404),
        ("GET", "/services.json?jurisdiction_id=shanghai", 404),
        ("GET", "/tokens/none.json", 404),
        ("GET", "/nothing.json", 404),
        ("DELETE", "/requests.json", 405),
    ):
        response = client.request(method, BASE + path)
        assert (response.status_code, response.json()[0]["code"]) == (status, str(status))
    with platform_of(client).database.read() as session:
        assert session.execute(text("SELECT count(*) FROM orders")).scalar_one() == 0


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_danger_raises_the_alarm_and_a_link_is_fetched_behind_the_guard(client: TestClient, key: str) -> None:
    response = client.post(
        f"{BASE}/requests.json",
        data={"api_key": key, "service_code": heating(client), "address_id": "110105", "description": "暖气井着火了，冒浓烟，有人被困"}
        | {"media_url": "http://127.0.0.1/camera.jpg"},
    )
    assert response.status_code == 201, response.text
    assert "119" in response.json()[0]["service_notice"]
    platform = platform_of(client)
    with platform.database.read() as session:
        assert session.execute(text("SELECT count(*) FROM emergencies")).scalar_one() == 1
        assert session.execute(text("SELECT urgency FROM conversations")).scalar_one() == 0
        rows = session.execute(text("SELECT kind, payload FROM outbox WHERE kind = 'media-fetch'")).all()
    assert len(rows) == 1
    assert "127.0.0.1" not in str(rows)


@pytest.fixture
def server(settings: Settings, clock: FixedClock) -> Iterator[tuple[str, Platform]]:
    """Address of a running server, and its platform."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = create_app(settings, clock)
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}{BASE}", app.state.platform
    running.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_the_clients_that_others_wrote(server: tuple[str, Platform], monkeypatch: pytest.MonkeyPatch) -> None:
    address, platform = server
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    import three

    code = "0704" if platform.reference.current().catalogue.find("0704") else next(iter(platform.reference.current().catalogue.items))
    writer = three.Three(address, api_key=app_key(platform))
    assert writer.discovery()["endpoints"][0]["specification"].endswith("GeoReport_v2")
    picture = io.BytesIO()
    Image.new("RGB", (300, 200), "grey").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "stove.jpg"
    posted = writer.post(code, address="朝阳区望京街道", name="Ming Test", phone="13800138000", description="屋里不热", media=picture)
    number = posted[0]["service_request_id"]
    assert writer.request(number)[0]["service_code"] == code
    assert [each["service_request_id"] for each in writer.requests(code, between=["11-01-2026", "11-30-2026"])] == [number]
    assert writer.token(number)[0]["service_request_id"] == number
    assert writer.post(code, description="没有地点")[0]["code"] == "400"
    with platform.database.read() as session:
        assert len(media.find(session, f"resident:{number}")) == 1

    for kind in ("json", "xml"):
        reader = georeport.GeoReport(address, output_format=kind)
        assert code in {each["service_code"] for each in reader.get_service_list()}
        assert reader.get_service_definition(code)["service_code"] == code
    reader = georeport.GeoReport(address)
    assert reader.get_service_requests(status="open")[0]["service_request_id"] == number
    assert reader.get_service_request(number)["status"] == "open"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_whatever_is_asked_the_answer_is_open311s(client: TestClient) -> None:
    names = st.sampled_from(
        ["service_request_id", "service_code", "start_date", "end_date", "status", "page", "page_size", "jurisdiction_id"]
    )
    dates = st.sampled_from(["0001-01-01", "9999-12-31T23:59:59Z", "2026-11-23T00:00:00+99:00", "2026-11-23", "-1", "٣", "1e9", "open"])
    paths = st.one_of(st.just("/requests.json"), st.text(max_size=20).map(lambda s: "/requests/" + s.replace("/", "") + ".json"))

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(paths, st.dictionaries(names, st.one_of(st.text(max_size=30), dates), max_size=4))
    def ask(path: str, params: dict[str, str]) -> None:
        from urllib.parse import quote, urlencode

        query = urlencode({name: value.encode("utf-8", "replace") for name, value in params.items()})
        response = client.get(f"{BASE}{quote(path.encode('utf-8', 'replace'))}?{query}")
        assert response.status_code in {200, 400, 404}
        rows = response.json()
        assert isinstance(rows, list)
        assert response.status_code == 200 or all(set(row) == {"code", "description"} for row in rows)

    ask()
