"""Contact details: what is found for the order, what is masked, and what must be left alone."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.contact import Contact, find, mask, mask_name, mask_phone, order_numbers


@pytest.mark.parametrize(
    ("text", "phone", "name"),
    [
        ("我叫王建国，手机138 0013 8000，家里没暖气", "13800138000", "王建国"),
        ("我姓李，电话 010-62345678，白天都在", "010-62345678", "李"),
        ("联系人：张女士 13800138000", "13800138000", "张女士"),
        ("物业电话010-87654321没人接，我的手机１３８００１３８０００", "13800138000", None),
        ("我的号是幺三八零零幺三八零零零，随时打", "13800138000", None),
        ("本人陳建國，聯繫電話：13900001111", "13900001111", "陈建国"),
        ("王建国，13800138000，家里没暖气", "13800138000", "王建国"),
        ("叫我小王就行，139-0000-1111", "13900001111", "小王"),
        ("我是住三单元的赵秀兰，电话13900001111", "13900001111", "赵秀兰"),
        ("我叫欧阳建国住在望京", None, "欧阳建国"),
        ("我叫王强住在望京", None, "王强"),
        ("姓名：买买提·艾力，联系方式13900001111", "13900001111", "买买提·艾力"),
        ("+86 13900001111 这是我号", "13900001111", None),
        ("1 3 9 0 0 0 0 1 1 1 1", "13900001111", None),
        ("您回电就打座机 (010)62345678", "010-62345678", None),
        ("家里座机六二八八九九零零", "62889900", None),
        ("回电请打零一零六二八八九九零零", "010-62889900", None),
        ("我单位电话六二八八,九九零零", "62889900", None),
        ("I'm Mary. Please call 13910001000", "13910001000", "Mary"),
        ("my name is Anna and my heating is off", None, "Anna"),
        ("姓刘,电话13910001000", "13910001000", "刘"),
        ("我姓司马,叫司马南星,166-1999-8888", "16619998888", "司马南星"),
        ("刘建国,男,六十八岁,住和平里", None, "刘建国"),
        ("我是居民刘建国", None, "刘建国"),
        ("——刘建国 三月十八日", None, "刘建国"),
        ("快递单号13800000000,我电话13910001000", "13910001000", None),
    ],
)
def test_own_contact_is_found(text: str, phone: str | None, name: str | None) -> None:
    assert find(text) == Contact(phone, name)


@pytest.mark.parametrize(
    "text",
    [
        "有个号码13800138000天天给我打骚扰电话",
        "我打物业客服13800138000也没人接",
        "中介电话13900001111，收了钱就不认人",
        "拨打派出所电话010-62345678没人接",
        "我叫车来了半天也进不了小区",
        "我叫保安过来他也不管",
        "我是房东，租户把房子群租了",
        "本人房屋漏水三年了",
        "本人申请加装电梯",
        "从8:30到17:00，12345打了三次，交了15000元",
        "停车费一个月1500-2000-300元不等",
        "订单号20180103141955的货没收到",
        "2021年5月11日到2021年6月30日，3号楼1306室",
        "被举报人：孙大有，开黑网吧",
        "水表号13910001000没走字",
        "合同编号13910001000签了三年",
        "I'm angry about the noise",
        "I'm American",
        "我叫刘建国来修他不来",
        "我是刘建国的邻居",
        "司机姓马,工号1381234",
        "他姓刘叫刘军",
        "",
    ],
)
def test_nothing_is_found_where_nothing_of_ones_own_is_given(text: str) -> None:
    assert find(text) == Contact(None, None)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫王建国，电话13800138000", "我叫王**，电话138****8000"),
        ("身份证110101199003071234，请核实", "身份证110***********1234，请核实"),
        ("身份证 110101 19900307 123x", "身份证 110***********123x"),
        ("老身份证号是110101900307123", "老身份证号是110********7123"),
        ("我是周晓燕，我的电话是138-0013-8000。周晓燕等三户都没水", "我是周**，我的电话是138****8000。周**等三户都没水"),
        ("座机010-62345678", "座机010-****5678"),
        ("打骚扰电话的是13800138000", "打骚扰电话的是138****8000"),
        ("幺三八零零幺三八零零零", "138****8000"),
        ("退款打我银行卡6222020200112233445", "退款打我银行卡622************3445"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "工单BJ20261123-000042办到哪儿了，单号bj20261123000043也问一下",
        "2021-05-11交了13800元，2021年11月还要交1500到2000元",
        "打12345说过，12320也打了，96310没人接，400-810-1234是客服",
        "望京西园三区315号楼1503室，215楼",
        "订单号 2018010314195512",
        "车牌京A12345，公交639路",
        "我是张女士，我姓李",
        "我们小区王先生家也漏水",
        "凌晨2:30开始施工，一直到6:00，噪音85分贝",
        "水表读数00013579，电表12345678",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("BJ20261123-000042", ["BJ20261123-000042"]),
        ("我那个 bj 20261123 000042 怎么样了", ["BJ20261123-000042"]),
        ("ＢＪ２０２６１１２３－０００１２８", ["BJ20261123-000128"]),
        ("bj20261123000042和BJ20261123-000042是一个", ["BJ20261123-000042"]),
        ("工单号20261123-000042", ["BJ20261123-000042"]),
        ("先是BJ20261001-000007，后来BJ20261102-000019", ["BJ20261001-000007", "BJ20261102-000019"]),
        ("BJ20261399-000042", []),
        ("订单号20180103141955", []),
        ("BJ20261123-0000421", []),
        ("手机13800138000", []),
    ],
)
def test_order_numbers(text: str, numbers: list[str]) -> None:
    assert order_numbers(text) == numbers


def test_single_values_are_masked() -> None:
    assert mask_phone("13800138000") == "138****8000"
    assert mask_phone("+86 138-0013-8000") == "138****8000"
    assert mask_phone("010-62345678") == "010-****5678"
    assert mask_phone("") == ""
    assert mask_name("王建国") == "王**"
    assert mask_name("欧阳建国") == "欧阳**"
    assert mask_name("张女士") == "张女士"
    assert mask_name("李") == "李"


_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_IDENTITY = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9])")

# Pieces that meet in the readers' patterns, so that chance makes awkward neighbours of them.
_PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "我叫",
                "我姓",
                "王建国",
                "欧阳",
                "王",
                "本人",
                "联系人：",
                "姓名:",
                "电话",
                "，",
                " ",
                "-",
                "*",
                "**",
                "·",
                "身份证",
                "卡号",
                "幺",
                "三八",
                "零零",
                "BJ",
                "20261123",
                "工单号",
                "女士",
                "\u200b",
                "\uff11",
            ]
        ),
        st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        st.from_regex(r"[0-9]{1,8}", fullmatch=True),
        st.from_regex(r"11010119(0[1-9])(1[0-2])(0[1-9])[0-9]{3}[0-9X]", fullmatch=True),
        st.text(max_size=4),
    ),
    max_size=12,
).map("".join)


def _half_width(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


@given(st.one_of(st.text(), _PIECES))
def test_masking_leaves_no_mobile_and_no_identity_number(text: str) -> None:
    masked = _half_width(mask(text))
    assert not _MOBILE.search(masked)
    assert not _IDENTITY.search(masked)


@given(st.one_of(st.text(), _PIECES))
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.one_of(st.text(), _PIECES))
def test_any_text_is_read(text: str) -> None:
    contact = find(text)
    assert contact.phone is None or re.fullmatch(r"1[3-9][0-9]{9}|0[0-9]{2,3}-[0-9]{7,8}|[0-9]{8}", contact.phone)
    for number in order_numbers(text):
        assert re.fullmatch(r"BJ20[0-9]{6}-[0-9]{6}", number)
