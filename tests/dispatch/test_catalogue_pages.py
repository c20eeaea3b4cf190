"""An administrator edits the catalogue on the console's pages: find, edit, review, publish, go back."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dispatch.orders.workflow import Role
from tests.dispatch.test_api import log_in

PATH = "/console/catalogue"


class Editor:
    """A browser that fills in forms as they are sent to it."""

    def __init__(self, client: TestClient, role: Role = Role.ADMINISTRATOR) -> None:
        self.browser, csrf = log_in(client, role, "110105" if role is Role.HANDLER else None)
        self.csrf = csrf["X-CSRF-Token"]

    def post(self, path: str, **fields: str) -> Any:
        return self.browser.post(f"{PATH}{path}", data={"csrf": self.csrf, **fields}, follow_redirects=False)

    def form(self, code: str) -> dict[str, str]:
        """Return the fields of an item's form as the page shows them."""
        page = self.browser.get(f"{PATH}/items/{code}").text
        fields = dict(re.findall(r'<input (?:type="hidden" )?name="(\w+)" value="([^"]*)"', page))
        fields |= dict(re.findall(r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', page, re.DOTALL))
        for name, options in re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL):
            fields[name] = re.findall(r'value="(\w+)" selected', options)[0]
        return {name: html.unescape(value) for name, value in fields.items() if name not in ("csrf", "q")}

    def publish(self, review: Any, note: str) -> Any:
        edition = re.search(r'name="edition" value="([^"]*)"', review.text)
        assert edition, review.text
        return self.post("/publish", edition=html.unescape(edition[1]), note=note)


@pytest.fixture
def editor(client: TestClient) -> Editor:
    return Editor(client)


def test_an_item_is_found_edited_reviewed_and_published(editor: Editor) -> None:
    listed = editor.browser.get(PATH, params={"q": "供暖不热"}).text
    assert "/console/catalogue/items/0704" in listed
    assert "/console/catalogue/items/0101" not in listed
    fields = editor.form("0704")
    assert fields["time_limit"] == "livelihood"
    same = editor.post("/items", **fields)
    assert "没有改动" in same.text, "the form gives back what the item says"
    review = editor.post("/items", **{**fields, "time_limit": "urgent", "synonyms": fields["synonyms"] + "\r\n屋里跟冰窖似的"})
    assert review.status_code == 200
    assert "<ins>屋里跟冰窖似的</ins>" in review.text
    assert editor.publish(review, " ").status_code == 409, "a version needs a note"
    assert editor.publish(review, "寒潮期间提级").status_code == 303
    assert editor.form("0704")["time_limit"] == "urgent"
    versions = editor.browser.get(f"{PATH}/versions").text
    assert "寒潮期间提级" in versions
    assert "administrator-city" in versions
    assert "屋里跟冰窖似的" in editor.browser.get(f"{PATH}/versions/2").text
    late = editor.publish(review, "又发一次")
    assert late.status_code == 409
    assert "第 2 版" in late.text


def test_what_is_wrong_is_said_at_its_field_and_nothing_written_is_lost(editor: Editor) -> None:
    fields = {**editor.form("0704"), "unit": "U003", "name": "很" * 31, "basis": "<b>依据</b>不变"}
    answer = editor.post("/items", **fields)
    assert answer.status_code == 422
    assert "名称：最多 30 个字" in answer.text
    assert "很" * 31 in answer.text
    assert "&lt;b&gt;依据" in answer.text
    assert re.search(r'name="name"[^>]*aria-invalid', answer.text)
    new = {**editor.form("0705"), "is_new": "true"}
    assert "这个代码已经有了" in editor.post("/items", **new).text


def test_items_are_added_and_removed_and_an_earlier_version_comes_back(editor: Editor) -> None:
    assert editor.browser.get(f"{PATH}/new").status_code == 200
    new = {**editor.form("0704"), "code": "0799", "name": "供暖管道异响", "is_new": "true"}
    assert editor.publish(editor.post("/items", **new), "新增事项").status_code == 303
    base = editor.form("0799")["base"]
    assert editor.publish(editor.post("/items/0704/removal", base=base), "并入其他事项").status_code == 303
    assert editor.browser.get(f"{PATH}/items/0704").status_code == 404
    review = editor.post("/versions/1/restoration")
    assert "删除" in review.text
    assert editor.publish(review, "改回原版").status_code == 303
    assert editor.browser.get(f"{PATH}/items/0704").status_code == 200
    assert editor.browser.get(f"{PATH}/items/0799").status_code == 404
    assert editor.post("/versions/99/restoration").status_code == 404
    assert editor.browser.get(f"{PATH}/versions/99").status_code == 404
    assert editor.post("/items/9999/removal", base="4").status_code == 404
    assert editor.post("/items", **{**new, "base": "99"}).status_code == 404
    for edition, status in (
        ("not json", 422),
        ('{"base": 4, "restore": 99}', 404),
        ('{"base": 99, "removed": ["0705"]}', 409),
        ('{"base": 4, "changes": [{"code": "0704"}]}', 409),
    ):
        for note in ("试试", ""):
            answer = editor.post("/publish", edition=edition, note=note)
            assert answer.status_code in (status, 404), (edition, note, answer.text)


def test_only_dispatchers_and_administrators_get_in(client: TestClient) -> None:
    writes = ("/items", "/items/0704/removal", "/versions/1/restoration", "/publish")
    for role in (Role.OPERATOR, Role.HANDLER, Role.SUPERVISOR, Role.AUDITOR):
        other = Editor(client, role)
        for path in ("", "/new", "/items/0704", "/versions", "/versions/1"):
            assert other.browser.get(f"{PATH}{path}").status_code == 403, (role, path)
        for path in writes:
            assert other.post(path, base="1", edition="{}").status_code == 403, (role, path)
        assert PATH not in other.browser.get("/console").text
    dispatcher = Editor(client, Role.DISPATCHER)
    assert dispatcher.browser.get(PATH).status_code == 200
    assert PATH in dispatcher.browser.get("/console").text
    for path in writes:
        answer = dispatcher.browser.post(f"{PATH}{path}", data={"base": "1", "edition": "{}"})
        assert answer.status_code == 403, "a form of our own pages only"
    assert client.get(PATH, follow_redirects=False).headers["location"].startswith("/console/login")
