"""Files that residents send: what is taken, what is taken out of them, who can open them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import ExifTags, Image, ImageDraw, ImageFont

from bot.jobs import HANDLERS
from dispatch.core.clock import FixedClock
from dispatch.media import jobs, service
from dispatch.media.errors import MediaError, TooLargeError, TooManyError, WrongTypeError
from dispatch.media.links import find_links
from dispatch.outbox.delivering import deliver_due
from dispatch.platform import Platform

OWNER = "conversation:c0001"


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), colour: str = "steelblue", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def located_picture() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretPhone"
    exif[ExifTags.Base.Orientation] = 6
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (39.0, 54.0, 15.6)
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (116.0, 24.0, 26.6)
    return picture(exif=exif, comment=b"SecretComment")


def film() -> bytes:
    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, name) + body

    place = box(b"udta", box(b"\xa9xyz", b"\x00\x12\x15\xc7+39.9043+116.4074/"))
    return box(b"ftyp", b"mp42\0\0\0\0mp42isom") + box(b"moov", box(b"mvhd", bytes(100)) + place) + box(b"mdat", bytes(500))


def docx(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>", **parts}.items():
            archive.writestr(name, body)
    return out.getvalue()


def huge_png() -> bytes:
    """A picture of 60,000 x 60,000 that takes a few bytes: a decompression bomb."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")


def test_a_picture_loses_what_it_tells_of_its_sender(platform: Platform, clock: FixedClock) -> None:
    media = service.store(platform, located_picture(), owner=OWNER, now=clock.now(), filename="IMG 13800138000.jpg")
    folder = platform.settings.data_dir / "media"
    stored = (folder / media.key).read_bytes()
    assert b"SecretPhone" not in stored
    assert b"SecretComment" not in stored
    with Image.open(io.BytesIO(stored)) as image:
        assert not dict(image.getexif())
        assert image.size == (480, 640), "turned as its orientation said"
    assert media.thumbnail_key is not None
    with Image.open(folder / media.thumbnail_key) as small:
        assert max(small.size) == 480
    latitude, longitude = service.position(media, platform.cipher) or (0, 0)
    assert (round(latitude, 4), round(longitude, 4)) == (39.9043, 116.4074)
    assert "39.9" not in (media.position or "")
    assert "13800138000" not in (media.filename or "")
    assert "position" not in service.as_json(platform, media, now=clock.now())


def test_a_film_loses_its_place_and_still_has_its_length(platform: Platform, clock: FixedClock) -> None:
    media = service.store(platform, film(), owner=OWNER, now=clock.now())
    stored = (platform.settings.data_dir / "media" / media.key).read_bytes()
    assert media.content_type == "video/mp4"
    assert len(stored) == len(film())
    assert b"39.9043" not in stored
    assert service.position(media, platform.cipher) == (39.9043, 116.4074)


@pytest.mark.parametrize(
    ("data", "kind", "content_type"),
    [
        (picture("PNG"), "photo", "image/png"),
        (picture("WEBP"), "photo", "image/webp"),
        (picture("GIF"), "photo", "image/gif"),
        (b"OggS\0\x02" + bytes(60), "voice", "audio/ogg"),
        (b"#!AMR\n" + bytes(60), "voice", "audio/amr"),
        (b"\xff\xfb\x90\x00" + bytes(60), "voice", "audio/mpeg"),
        (b"%PDF-1.7\n" + bytes(60), "document", "application/pdf"),
        (docx(), "document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_the_type_is_what_the_bytes_say(platform: Platform, clock: FixedClock, data: bytes, kind: str, content_type: str) -> None:
    media = service.store(platform, data, owner=OWNER, now=clock.now(), claimed_type="text/html", filename="evil.html")
    assert (media.kind, media.content_type) == (kind, content_type)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (huge_png(), TooLargeError),
        (docx(bomb=bytes(250 * 1024 * 1024)), TooLargeError),
        (b"PK\x03\x04" + bytes(100), WrongTypeError),
        (docx(**{"word/vbaProject.bin": b"macro"}), WrongTypeError),
        (picture()[:2000], WrongTypeError),
        (b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 20, WrongTypeError),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", WrongTypeError),
        (film()[:40], WrongTypeError),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", WrongTypeError),
        (b"", WrongTypeError),
        (b"%PDF-" + bytes(21 * 1024 * 1024), TooLargeError),
    ],
)
def test_bombs_fakes_and_fragments_are_refused(platform: Platform, clock: FixedClock, data: bytes, error: type[MediaError]) -> None:
    with pytest.raises(error):
        service.store(platform, data, owner=OWNER, now=clock.now(), claimed_type="image/jpeg", filename="bomb.jpg")
    assert not [file for file in (platform.settings.data_dir / "media").rglob("*") if file.is_file()]


def test_the_same_file_twice_is_one_and_there_are_only_so_many(
    platform: Platform, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_FILES", 2)
    first = service.store(platform, picture(), owner=OWNER, now=clock.now())
    (tmp_path / "again.jpg").write_bytes(picture())
    assert service.store(platform, tmp_path / "again.jpg", owner=OWNER, now=clock.now()).id == first.id
    service.store(platform, picture(colour="red"), owner=OWNER, now=clock.now())
    with pytest.raises(TooManyError):
        service.store(platform, picture(colour="green"), owner=OWNER, now=clock.now())
    with platform.database.read() as session:
        assert len(service.find(session, OWNER)) == 2


def test_only_a_fresh_signed_link_opens_a_file(client: TestClient, clock: FixedClock) -> None:
    platform: Platform = client.app.state.platform  # type: ignore[attr-defined]
    media = service.store(platform, film(), owner=OWNER, now=clock.now())
    url = service.link(platform, media, now=clock.now())
    whole = client.get(url)
    assert whole.status_code == 200
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-security-policy"].startswith("sandbox")
    piece = client.get(url, headers={"Range": "bytes=4-7"})
    assert (piece.status_code, piece.content, piece.headers["content-range"]) == (206, b"ftyp", f"bytes 4-7/{media.size}")
    assert client.get(url, headers={"Range": f"bytes={media.size}-"}).status_code == 416

    other = service.store(platform, picture(), owner=OWNER, now=clock.now())
    small = client.get(service.link(platform, other, now=clock.now(), thumbnail=True))
    assert small.headers["content-type"] == "image/webp"
    assert client.get(url.replace(media.id, other.id)).status_code == 403
    assert client.get(url[:-3] + "aaa").status_code == 403
    assert client.get(f"/media/{media.id}").status_code == 403
    assert client.get("/media/").status_code == 404
    clock.moment += timedelta(minutes=16)
    assert client.get(url).status_code == 403


def test_what_is_written_in_a_picture_is_read_masked_and_found(platform: Platform, clock: FixedClock) -> None:
    font = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
    if not font.exists():
        pytest.skip("no Chinese font on this machine")
    image = Image.new("RGB", (900, 260), "white")
    draw = ImageDraw.Draw(image)
    draw.text((30, 40), "施工许可证编号 110105202600123", fill="black", font=ImageFont.truetype(str(font), 40))
    draw.text((30, 140), "联系电话 13800138000", fill="black", font=ImageFont.truetype(str(font), 40))
    out = io.BytesIO()
    image.save(out, "PNG")
    media = service.store(platform, out.getvalue(), owner=OWNER, now=clock.now())
    assert deliver_due(platform, HANDLERS) == 1
    with platform.database.read() as session:
        text = (service.get(session, media.id) or media).text or ""
        assert "施工许可证" in text
        assert "13800138000" not in text
        assert [found.id for found in service.search(session, "施工许可证 110105202600123")] == [media.id]
        assert not service.search(session, "施工许可证 110105209900000")


def test_a_fetch_that_may_succeed_later_is_tried_again(platform: Platform, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[bytes | Exception] = [jobs.FetchError("对方回答 503"), picture()]

    def fetch(_platform: Platform, url: str) -> bytes:
        assert url == "https://example.org/a.jpg"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(jobs.fetching, "fetch", fetch)
    with platform.database.write() as session:
        for _ in range(2):
            service.fetch_later(session, "https://example.org/a.jpg", owner=OWNER, now=clock.now(), cipher=platform.cipher)
    assert deliver_due(platform, {**HANDLERS, service.OCR: lambda _platform, _parcel: None}) == 1
    clock.moment += timedelta(minutes=2)
    deliver_due(platform, {**HANDLERS, service.OCR: lambda _platform, _parcel: None})
    with platform.database.read() as session:
        assert len(service.find(session, OWNER)) == 1


def test_links_are_kept_as_evidence_and_never_opened(platform: Platform, clock: FixedClock) -> None:
    text = "视频在这里 https://www.bilibili.com/video/BV1xx411c7mD?p=1，照片http://example.org/a.JPG。还有 http://10.0.0.1/x 别的"
    assert [(link.host, link.kind) for link in find_links(text)] == [
        ("www.bilibili.com", "video"),
        ("example.org", "picture"),
        ("10.0.0.1", "page"),
    ]
    with platform.database.write() as session:
        for _ in range(2):
            service.keep_links(session, OWNER, text, now=clock.now(), cipher=platform.cipher)
    with platform.database.read() as session:
        assert len(service.links_of(session, [OWNER], cipher=platform.cipher)) == 3
