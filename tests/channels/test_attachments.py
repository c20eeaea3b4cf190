"""Files sent on channels that keep them: in our own storage soon after, checked like any other, seen by the operator."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import text

from dispatch.core.clock import FixedClock
from dispatch.media import service as media
from dispatch.media import storage
from dispatch.orders.workflow import Role
from dispatch.outbox import service as outbox
from tests.channels.conftest import CALLER, Phone
from tests.dispatch.test_api import log_in
from tests.doubles.telegram import Sender, TelegramApi
from tests.doubles.twilio import ACCOUNT, TwilioApi

PLACE = {1: "N", 2: (39.0, 54.0, 30.0), 3: "E", 4: (116.0, 23.0, 0.0)}


def photo(color: str = "red") -> bytes:
    """Return a JPEG that tells where it was taken."""
    image, data = Image.new("RGB", (1200, 900), color), io.BytesIO()
    exif = image.getexif()
    exif[0x8825] = PLACE
    image.save(data, "JPEG", exif=exif)
    return data.getvalue()


def bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"0" * 5_000_000)
    return data.getvalue()


def conversation(phone: Phone) -> str:
    with phone.platform.database.read() as session:
        return str(session.execute(text("SELECT id FROM conversations")).scalar_one())


def kept(phone: Phone) -> list[media.MediaFile]:
    with phone.platform.database.read() as session:
        return media.find(session, f"conversation:{conversation(phone)}")


def refs(phone: Phone) -> list[str]:
    with phone.platform.database.read() as session:
        rows = session.execute(text("SELECT content FROM messages WHERE author = 'resident' ORDER BY id")).scalars().all()
    contents = [json.loads(row) if isinstance(row, str) else row for row in rows]
    return [each["ref"] for content in contents if content for each in content.get("attachments", [])]


def desk(phone: Phone) -> str:
    browser, _ = log_in(phone.client, Role.OPERATOR)
    return str(browser.get(f"/desk/conversations/{conversation(phone)}").text)


def test_an_album_from_telegram_is_kept_cleaned_and_shown(phone: Phone, telegram_double: TelegramApi) -> None:
    sender = Sender()
    telegram_double.files = {"p0-1280": photo("red"), "p1-1280": photo("blue")}
    for number in (0, 1):
        assert phone.telegram(sender.photo(f"p{number}", media_group_id="7", caption="垃圾没人收")) == 200
    phone.deliver()
    files = kept(phone)
    assert [file.kind for file in files] == ["photo", "photo"]
    assert sorted(refs(phone)) == sorted(f"media:{file.id}" for file in files)
    assert media.position(files[0], phone.platform.cipher) == pytest.approx((39.9083, 116.3833), abs=1e-3)
    assert not Image.open(io.BytesIO(storage.read(phone.platform.settings, files[0].key))).getexif()
    page = desk(phone)
    assert page.count('class="files"') == 1
    assert page.count("<img src=") == 2
    assert "正在取回" not in page


def test_a_file_that_cannot_be_had_now_is_fetched_later(phone: Phone, telegram_double: TelegramApi, clock: FixedClock) -> None:
    telegram_double.files = {"p-1280": photo()}
    phone.telegram(Sender().photo("p"))
    telegram_double.down = True
    phone.deliver()
    assert kept(phone) == []
    assert "附件：正在取回" in desk(phone)
    telegram_double.down = False
    clock.moment += timedelta(hours=1)
    phone.deliver()
    assert len(kept(phone)) == 1


@pytest.mark.parametrize("data", [bomb(), b"<svg onload=alert(1)>", b"0" * (21 * 2**20)], ids=["bomb", "svg", "large"])
def test_what_isn_t_taken_is_refused_and_says_so(phone: Phone, telegram_double: TelegramApi, data: bytes) -> None:
    telegram_double.files = {"p-1280": data}
    sender = Sender()
    phone.telegram(sender.photo("p", caption="看照片"))
    phone.deliver()
    assert kept(phone) == []
    page = desk(phone)
    assert "附件：" in page
    assert "正在取回" not in page
    with phone.platform.database.read() as session:
        (dead,) = outbox.listing(session, "dead", kind="attachment")
    assert dead.error
    phone.telegram(sender.text("还在吗"))
    phone.deliver()
    assert telegram_double.texts[-1] == "听到：还在吗", "the service is unharmed"


def mms(phone: Phone, url: str, sid: str = "MM1") -> None:
    assert phone.sms("看照片", sid, NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg") == 200
    phone.deliver()


def test_mms_is_fetched_with_our_credentials(phone: Phone, twilio_double: TwilioApi) -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
    twilio_double.media[path] = (200, {}, photo())
    mms(phone, f"{twilio_double.url}{path}")
    assert [file.kind for file in kept(phone)] == ["photo"]
    assert twilio_double.texts == ["听到：看照片"]
    assert CALLER not in str(refs(phone))


def test_neither_strangers_nor_inner_addresses_are_fetched_from(phone: Phone, twilio_double: TwilioApi) -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
    twilio_double.media[path] = (302, {"Location": "http://127.0.0.1:9/secret"}, b"")
    mms(phone, f"{twilio_double.url}{path}")
    mms(phone, "https://evil.example/1.jpg", "MM2")
    mms(phone, "http://169.254.169.254/latest/meta-data", "MM3")
    assert kept(phone) == []
    with phone.platform.database.read() as session:
        assert len(outbox.listing(session, "dead", kind="attachment")) == 3
