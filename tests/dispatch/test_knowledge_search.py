"""Search over a handful of entries: order, filters, the decision to answer, and that no text breaks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.knowledge.confidence import CALIBRATION, Evidence
from dispatch.knowledge.embedding import pack, shared_encoder, unpack
from dispatch.knowledge.lexical import GramIndex, bag
from dispatch.knowledge.search import Entry, KnowledgeIndex, texts_to_encode
from dispatch.knowledge.wording import alternatives, bare, coverage, lacks_what_is_wanted, officially
from nlu.text import normalise

ENTRIES = (
    Entry("heat", ("供暖后家里不热怎么办", "暖气不热打什么电话"), "采暖期内室温应当不低于18℃，先联系供热单位报修并要求测温。", "供暖"),
    Entry("fee", ("采暖费怎样收",), "居民采暖费按建筑面积或热计量收取。", "供暖"),
    Entry("card", ("社会保障卡丢了怎样挂失和补领",), "拨打12333或社保卡服务电话挂失，再申请补换。", "社会保险"),
    Entry("dog", ("养犬怎样登记、收多少钱",), "在公安派出所或网上申请养犬登记。", "养犬"),
    Entry("school-chaoyang", ("朝阳区非京籍儿童入学怎样审核",), "材料由朝阳区各街道审核。", "教育", region="朝阳区"),
    Entry("school-haidian", ("海淀区非京籍儿童入学怎样审核",), "材料由海淀区各街镇审核。", "教育", region="海淀区"),
    Entry("old", ("2020年一次性补贴怎样申请",), "通过企业申请。", "就业", valid_from=date(2020, 1, 1), valid_to=date(2020, 12, 31)),
)


@pytest.fixture(scope="module")
def index() -> KnowledgeIndex:
    index = KnowledgeIndex()
    index.update(ENTRIES)
    return index


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("暖气冰凉的找谁啊", "heat"),
        ("暖气费一平米多少钱", "fee"),
        ("社保卡没了咋补", "card"),
        ("狗证上哪办", "dog"),
    ],
)
def test_colloquial_questions_find_their_entry(index: KnowledgeIndex, query: str, expected: str) -> None:
    assert index.search(query).hits[0].id == expected


def test_the_entry_s_own_question_is_answered_at_once(index: KnowledgeIndex) -> None:
    result = index.search("社会保障卡丢了怎样挂失和补领？")
    assert result.hits[0].id == "card"
    assert result.answer
    assert result.confidence > 0.9


@pytest.mark.parametrize("query", ["故宫门票多少钱", "给我讲个笑话", "明天会下雨吗", "我要离婚怎么办"])
def test_a_question_that_nothing_answers_is_not_answered(index: KnowledgeIndex, query: str) -> None:
    assert not index.search(query).answer


def test_a_number_law_or_name_that_the_entry_lacks_forbids_an_answer(index: KnowledgeIndex) -> None:
    assert index.search("采暖费怎样收").answer
    assert not index.search("2019年采暖费怎样收").answer
    assert not index.search("采暖费怎样收《北京市养犬管理规定》").answer


def test_region_keeps_the_city_s_and_the_district_s_own_entries(index: KnowledgeIndex) -> None:
    found = [hit.id for hit in index.search("非京籍孩子入学审核", region="朝阳区").hits]
    assert found[0] == "school-chaoyang"
    assert "school-haidian" not in found
    assert "card" in found


def test_subject_filters(index: KnowledgeIndex) -> None:
    assert {hit.id for hit in index.search("怎么办", subject="供暖").hits} == {"heat", "fee"}


def test_what_came_with_the_system_gives_way_to_the_city_s_own() -> None:
    index = KnowledgeIndex()
    index.update([Entry("seed", ("养犬怎样登记",), "看最新办法。", fallback=True), Entry("own", ("怎样办养犬登记",), "到派出所。")])
    assert [hit.id for hit in index.search("养犬怎样登记").hits] == ["own", "seed"]
    assert [hit.id for hit in index.search("养犬怎样登记", own=True).hits] == ["own"]
    index.update(removed=["own"])
    assert index.search("养犬怎样登记").answer
    assert index.search("养犬怎样登记", own=True).answer, "there is nothing else"


def test_only_valid_entries_are_found_on_a_day(index: KnowledgeIndex) -> None:
    query = "2020年一次性补贴怎样申请"
    assert index.search(query).hits[0].id == "old"
    assert index.search(query, on=date(2020, 12, 31)).hits[0].id == "old"
    assert "old" not in {hit.id for hit in index.search(query, on=date(2021, 1, 1)).hits}


def test_ten_hits_best_first(index: KnowledgeIndex) -> None:
    many = KnowledgeIndex()
    many.update(Entry(str(number), (f"第{number}种情况怎么办理",), "按规定办理。") for number in range(30))
    hits = many.search("怎么办理").hits
    assert len(hits) == 10
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_added_replaced_and_removed_entries_show_at_once() -> None:
    index = KnowledgeIndex()
    assert index.search("社保卡").hits == ()
    index.update(ENTRIES[:2])
    assert len(index) == 2
    index.update([Entry("heat", ("怎样预约公园门票",), "在公众号预约。")])
    assert len(index) == 2
    assert index.search("公园怎么约票").hits[0].id == "heat"
    index.update(removed=["heat", "fee", "never-there"])
    assert index.search("公园怎么约票").hits == ()


def test_stored_vectors_spare_encoding(index: KnowledgeIndex) -> None:
    vectors = {entry.id: unpack(pack(shared_encoder().encode(texts_to_encode(entry)))) for entry in ENTRIES}

    class Refusing:
        def encode(self, texts: list[str]) -> object:
            if texts:
                raise AssertionError("encoded again")
            return shared_encoder().encode([])

    again = KnowledgeIndex(encoder=Refusing())  # type: ignore[arg-type]
    again.update(ENTRIES, vectors=vectors)
    assert len(again) == len(index)


def test_batches_give_what_single_searches_give(index: KnowledgeIndex) -> None:
    queries = ["暖气不热", "", "狗证", "\U0001f600"]
    batch = index.search_many(queries)
    for query, result in zip(queries, batch, strict=True):
        single = index.search(query)
        assert [hit.id for hit in single.hits] == [hit.id for hit in result.hits]
        assert single.answer == result.answer
    assert batch[1].hits == batch[3].hits == ()


def test_entries_with_the_same_answer_don_t_make_each_other_doubtful() -> None:
    index = KnowledgeIndex()
    index.update([Entry("1", ("怎样预约验车",), "在APP预约。"), Entry("2", ("怎样预约验车？",), "在APP预约。")])
    (_, evidence) = index.evidence("怎样预约验车") or pytest.fail("nothing found")
    assert evidence.lead == 0.2, "as far ahead as counts"


@settings(max_examples=150, deadline=None)
@given(query=st.text(max_size=400))
def test_no_text_breaks_search(index: KnowledgeIndex, query: str) -> None:
    result = index.search(query)
    assert len(result.hits) in (0, len(ENTRIES))
    assert 0 <= result.confidence <= 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.text(max_size=200), st.text(max_size=60))
def test_no_entry_breaks_search(questions: list[str], passage: str, query: str) -> None:
    index = KnowledgeIndex()
    index.update([Entry("odd", tuple(questions), passage), *ENTRIES[:2]])
    index.search(query)
    index.search(questions[0])


@pytest.mark.parametrize(
    "query",
    ["", " \t\n", "？？？", "\u200b", "😀😀", "/restart", "a" * 20_000, "供" * 20_000, "<script>alert(1)</script>", "\x00", "\ud800鸽"],
)
def test_odd_queries_are_survived(index: KnowledgeIndex, query: str) -> None:
    assert not index.search(query).answer


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("你好，我想问一下社保卡丢了怎么办，谢谢", "社保卡丢了怎么办"),
        ("请问养犬怎么登记？谢谢您！", "养犬怎么登记?"),
        ("麻烦咨询个问题：居住证到期了", "居住证到期了"),
        ("咨询电话是多少", "咨询电话是多少"),
        ("问题房屋怎么办证", "问题房屋怎么办证"),
        ("你好", "你好"),
        ("谢谢", "谢谢"),
    ],
)
def test_greeting_and_thanks_are_passed_over(question: str, left: str) -> None:
    assert bare(normalise(question)) == left


def test_colloquial_words_are_put_officially() -> None:
    assert officially("房本丢了咋办") == "不动产权证丢失怎么办"


def test_coverage_counts_official_words_for_colloquial_ones() -> None:
    covered, missing = coverage(alternatives("房本补办"), "不动产权证如何补办", lambda _: 1.0)
    assert (covered, missing) == (1.0, 0.0)
    covered, missing = coverage(alternatives("鸽子审批"), "拍摄文物要审批吗", lambda _: 1.0)
    assert (covered, missing) == (0.5, 1.0)


def test_wording_scores_rank_the_text_that_shares_more() -> None:
    index = GramIndex([bag("公积金提取"), bag("公积金贷款"), bag("养犬登记")])
    scores = index.scores(bag("贷款用公积金"))
    assert scores.argmax() == 1
    assert scores[2] == 0
    assert GramIndex([]).scores(bag("什么")).size == 0


def test_a_price_that_the_entry_doesn_t_name_is_no_answer() -> None:
    assert lacks_what_is_wanted("狂犬疫苗一针多少钱", "伤口用肥皂水冲洗后尽快接种疫苗。")
    assert not lacks_what_is_wanted("狗证年检多少钱", "每年五百元。")
    assert lacks_what_is_wanted("地震局电话是多少", "地震时躲在桌下。")
    assert not lacks_what_is_wanted("体彩客服电话是多少", "请拨打95086。")


def test_in_a_small_base_a_question_must_be_spoken_of_nearly_whole() -> None:
    near = Evidence(meaning=0.7, lead=0.2, covered=0.55, missing=1.0, asked=0.5, length=2.4, fact_missing=False)
    assert CALIBRATION.is_sure(near, 2_000)
    assert not CALIBRATION.is_sure(near, 200)
    assert CALIBRATION.is_sure(replace(near, meaning=0.9, covered=0.9), 200)
    assert not CALIBRATION.is_sure(replace(near, fact_missing=True), 2_000)
