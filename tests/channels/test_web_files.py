"""Pictures, links and places in the web chat."""

from __future__ import annotations

import io

from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import text

from dispatch.platform import Platform


def picture(colour: str = "grey") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(out, "JPEG")
    return out.getvalue()


def test_a_picture_is_uploaded_shown_and_nobody_elses(client: TestClient) -> None:
    client.get("/")
    uploaded = client.post("/channels/web/files", files={"file": ("pit.jpg", picture(), "image/jpeg")})
    assert uploaded.status_code == 200, uploaded.text
    file_id = uploaded.json()["id"]
    body = {"client_id": "picture-1", "text": "", "files": [file_id]}
    first = client.post("/channels/web/messages", json=body).json()
    assert first["messages"][0]["text"].startswith("照片收到了")
    assert client.post("/channels/web/messages", json=body).json()["messages"] == first["messages"]
    said = next(each for each in client.get("/channels/web/messages").json()["messages"] if each["author"] == "resident")
    assert client.get(said["files"][0]["url"]).headers["content-type"] == "image/jpeg"

    client.cookies.clear()
    client.get("/")
    client.post("/channels/web/messages", json={"client_id": "thief-001", "text": "路灯坏了", "files": [file_id]})
    assert all(not each["files"] for each in client.get("/channels/web/messages").json()["messages"])


def test_what_is_refused_says_why(client: TestClient) -> None:
    client.get("/")
    fake = client.post("/channels/web/files", files={"file": ("a.jpg", b"<script>alert(1)</script>", "image/jpeg")})
    assert (fake.status_code, fake.headers["content-type"]) == (415, "application/problem+json")
    assert "file:" in fake.json()["detail"]
    foreign = client.post("/channels/web/files", files={"file": ("a.jpg", picture())}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    bad = client.post("/channels/web/messages", json={"client_id": "place-01", "text": "", "location": {"latitude": 91, "longitude": 0}})
    assert bad.status_code == 422


def test_links_and_places_are_kept(client: TestClient) -> None:
    client.get("/")
    client.post("/channels/web/messages", json={"client_id": "link-001", "text": "视频 https://www.bilibili.com/video/BV1 看这里"})
    here = {"latitude": 39.99612, "longitude": 116.47041}
    client.post("/channels/web/messages", json={"client_id": "place-01", "text": "", "location": here})
    said = [each for each in client.get("/channels/web/messages").json()["messages"] if each["author"] == "resident"]
    assert "39.99612" in said[1]["text"]
    assert said[1]["content"]["location"]["longitude"] == 116.47041
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    with platform.database.read() as session:
        assert session.execute(text("SELECT host, kind FROM media_links")).all() == [("www.bilibili.com", "video")]
