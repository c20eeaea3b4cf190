"""What a message is about, without where and who."""

from __future__ import annotations

from nlu import place
from nlu.subject import said, subject


def test_address_phone_and_name_are_left_out() -> None:
    text = "我姓李，望京西园三区路灯坏了，电话13911112222"
    left = subject(text, place.resolve(text))
    assert "路灯坏了" in left
    assert "望京" not in left
    assert "139" not in left
    assert "姓李" not in left


def test_a_name_that_tells_the_matter_stays() -> None:
    text = "朝阳医院挂号太难了"
    assert "医院" in subject(text, place.resolve(text))


def test_an_insult_is_no_matter_and_hides_none() -> None:
    nowhere = place.resolve("")
    assert "废物" not in subject("你们这帮废物", nowhere)
    assert "垃圾三天没收了" in subject("你们这帮废物，垃圾三天没收了", nowhere)
    assert "危险废物" in subject("厂里把危险废物倒进河里", nowhere)


def test_who_tells_it_and_a_greeting_are_no_matter() -> None:
    nowhere = place.resolve("")
    assert "身份证" not in subject("我叫李建国，身份证110101199003074512，楼上漏水", nowhere)
    assert said("１２３４５热线吗，水管爆了没人修") == "水管爆了没人修"
    assert said("打12345没人接") == "打12345没人接"


def test_homophones_are_put_right() -> None:
    assert said("物也不管，躁音太大") == "物业不管,噪音太大"


def test_english_is_read_in_the_words_of_the_catalogue() -> None:
    assert said("the street light in front of my building in Wangjing is broken") == "路灯,望京,坏了"
    assert said("I like turtles") == "I like turtles"
    assert said("KTV太吵了") == "KTV太吵了"


def test_putting_right_what_was_told_is_no_matter() -> None:
    nowhere = place.resolve("")
    assert subject("地址错了，是四区", nowhere) == "四区"
    assert subject("暖气不热。刚才电话说错了", nowhere) == "暖气不热。"
    assert "地址错了" in subject("身份证上地址错了怎么改", nowhere)
    assert "名字写错了" in subject("房产证名字写错了", nowhere)
