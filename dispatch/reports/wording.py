"""The words of a report: every sentence, with figures where they belong."""

from __future__ import annotations

from datetime import date, timedelta

from dispatch.core.clock import beijing_text
from dispatch.evaluation.rules import Rules
from dispatch.reports.figures import Figures
from dispatch.reports.tables import KEPT_BACK, UNNAMED, WAIT_NAMES, K, Table, said

_LEADING = 3


def title(figures: Figures) -> str:
    """Return the title: the annual report where the period is a year, a month's or a period's otherwise."""
    first, last = figures.first, figures.last
    whose = figures.unit.name if figures.unit else "北京市"
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return f"{whose} {first.year} 年接诉即办工作年度报告"
    if first.day == 1 and (last + timedelta(days=1)).day == 1 and (first.year, first.month) == (last.year, last.month):
        return f"{whose} {first.year} 年 {first.month} 月接诉即办工作报告"
    return f"{whose}接诉即办工作报告"


def period(figures: Figures) -> str:
    """Return the period in words."""
    return f"{_day(figures.first)}至{_day(figures.last)}"


def overview(figures: Figures) -> list[str]:
    """Return the paragraphs of the first section."""
    total = figures.total
    if not total.filed:
        return [f"{period(figures)}，没有受理诉求。"]
    public, days = figures.public, (figures.last - figures.first).days + 1
    whose = f"{figures.unit.name}共承办" if figures.unit else "12345 市民服务热线及其网络平台共受理"
    text = f"{period(figures)}，{whose}群众诉求 {said(total.filed, public=public)}"
    if public and total.filed < K:
        return [f"{text}，为保护个人隐私不再细分。"]
    text += f"，日均 {total.filed / days:,.1f} 件" if days > 1 else ""
    if figures.growth is not None:
        text += f"，比上年同期{'增长' if figures.growth >= 0 else '下降'} {abs(figures.growth):.1%}"
    paragraphs = [f"{text}。"]
    handled = f"其中派单 {said(total.dispatched, public=public)}，已答复 {said(total.answered, public=public)}"
    if total.on_time_rate is not None and tellable(figures, total.on_time, total.overdue):
        handled += f"，按时答复率 {total.on_time_rate:.1%}"
    if total.answer_hours is not None and tellable(figures, total.answered):
        handled += f"，从受理到首次答复平均用时 {_hours(total.answer_hours)}"
    paragraphs.append(f"{handled}；已办结 {said(total.closed, public=public)}。")
    if figures.asked and tellable(figures, figures.asked, figures.answered_at_once) and not figures.unit:
        share = figures.answered_at_once / figures.asked
        paragraphs.append(f"另有 {figures.asked:,} 次咨询查询了知识库，当场答复 {figures.answered_at_once:,} 次，占 {share:.1%}。")
    shown = {line: count for line, count in figures.emergencies.items() if count >= K}
    if shown:
        lines = "，".join(f"{line} {count:,} 次" for line, count in shown.items())
        paragraphs.append(f"对来电来信中出现的险情、警情、急情，即时引导拨打紧急电话并留存记录：{lines}。")
    return paragraphs


def leading(table: Table, what: str) -> str:
    """Return one sentence on the first rows of ``table``; empty where it has none."""
    rows = [row for row in table.rows if row[0] not in UNNAMED][:_LEADING]
    if not rows:
        return ""
    named = "、".join(f"{row[0]}（{row[1]:,} 件，占 {row[2]:.1%}）" for row in rows)
    return f"{what}居前的是{named}。"


def changed(table: Table) -> str:
    """Return one sentence on what rose and what fell most since the year before; empty where there is nothing to compare."""
    rows = [row for row in table.rows if row[0] not in UNNAMED]
    rose = [f"{row[0]}（增加 {row[3]:,} 件，{row[4]:+.1%}）" for row in rows if isinstance(row[3], int) and row[3] > 0][:_LEADING]
    fell = [f"{row[0]}（减少 {-row[3]:,} 件，{row[4]:+.1%}）" for row in rows if isinstance(row[3], int) and row[3] < 0][:_LEADING]
    parts = [f"{what}最多的是{'、'.join(named)}" for what, named in (("增加", rose), ("减少", fell)) if named]
    return f"与上年同期相比，{'；'.join(parts)}。" if parts else ""


def busiest(hours: Table) -> str:
    """Return one sentence on the hours in which most was filed; empty where none may be told."""
    rows = sorted((row for row in hours.rows if row[0] not in UNNAMED), key=lambda row: -int(row[1] or 0))[:_LEADING]
    if not rows:
        return ""
    named = "、".join(f"{str(row[0])[:2]} 时（{row[2]:.1%}）" for row in rows)
    return f"一天之中，反映最集中的是 {named}。"


def handling(figures: Figures) -> list[str]:
    """Return the paragraphs on how units handled their orders."""
    total = figures.total
    if not total.dispatched:
        return []
    of = (
        ("曾超过办理时限的", total.overdue),
        ("办理中延长时限的", total.extended),
        ("单位提出派单异议的", total.objected),
        ("群众反映未解决而退回重办的", total.reworked),
    )
    parts = [
        f"{what} {said(number, public=figures.public)}"
        + (f"，占 {number / total.dispatched:.1%}" if tellable(figures, number) and number else "")
        for what, number in of
    ]
    return [f"派单的诉求中，{'；'.join(parts)}。"]


def within_a_day(waits: Table) -> str:
    """Return one sentence on how many were answered within 24 hours; empty where that may not be told."""
    quick = [row for row in waits.rows if row[0] in (WAIT_NAMES["0002"], WAIT_NAMES["0024"])]
    if not quick or any(not isinstance(row[2], float) for row in quick):
        return ""
    number, share = sum(int(row[1] or 0) for row in quick), sum(float(row[2] or 0) for row in quick)
    return f"从受理到首次答复在 24 小时以内的 {number:,} 件，占全部受理量的 {share:.1%}。"


def topics(figures: Figures) -> list[str]:
    """Return the paragraph on matters that deserve work beyond single orders (Art. 27)."""
    return [
        f"综合诉求数量、持续月数、退回重办和超时情况，下列事项群众反映多、解决难度大，可作为“每月一题”专项治理的备选：{'、'.join(figures.topics)}。"
    ]


def tellable(figures: Figures, *numbers: int) -> bool:
    """Return whether shares and means of ``numbers`` may be told: in a public report none of them is small."""
    return not figures.public or not any(0 < number < K for number in numbers)


def rates(figures: Figures) -> list[str]:
    """Return the paragraphs on the three rates."""
    if not figures.city_counts.valid:
        return ["本期没有完整的回访结果，三率不予计算。"]
    if figures.public and figures.city_counts.valid < K:
        return [f"本期有效回访不足 {K} 件，三率不予公布。"]
    found = figures.city
    paragraphs = [
        f"全市有效回访 {figures.city_counts.valid:,} 件：响应率 {found.response}%，解决率 {found.solution}%，"
        f"满意率 {found.satisfaction}%，综合得分 {found.composite}。"
    ]
    if figures.city_counts.excluded and tellable(figures, figures.city_counts.excluded):
        paragraphs.append(f"另有 {figures.city_counts.excluded:,} 件完整的回访按规定不纳入考评，未计入上述比率。")
    own = figures.own
    if own is not None and own.composite is not None:
        text = f"本单位响应率 {own.response}%，解决率 {own.solution}%，满意率 {own.satisfaction}%，综合得分 {own.composite}"
        if figures.own_rank:
            text += f"，在同类 {figures.own_rank[1]} 个单位中列第 {figures.own_rank[0]} 位"
        paragraphs.append(f"{text}。")
    elif figures.unit:
        paragraphs.append("本单位本期没有完整的回访结果。")
    return paragraphs


def notes(figures: Figures, rules_version: int, rules: Rules) -> list[str]:
    """Return how the figures came about; ``rules`` are those in force at the end of the period."""
    made = [
        f"受理量按诉求登记的日期统计（北京时间）；答复、超时、退回重办等归入诉求登记的那一天，以{_as_of(figures)}的状态为准。",
        "按时答复率＝时限内首次答复的件数÷（时限内首次答复的件数＋曾超时的件数）。平均答复用时从登记起算，不扣除节假日和暂停计时。",
        f"{_formulas(rules)}综合得分＝响应率×{rules.response:.0%}＋解决率×{rules.solution:.0%}＋满意率×{rules.satisfaction:.0%}，"
        f"以未取整的比率计算，最后四舍五入到一位小数（{f'第 {rules_version} 版' if rules_version else '随系统发布的'}考评规则）。",
        f"考评月自{'当月 1' if rules.month_begins == 1 else f'上月 {rules.month_begins}'} 日起，"
        f"考评日自{f'前一日 {rules.day_begins}' if rules.day_begins else '当日 0'} 时起。",
        "全市的比率以回访件数为基数，不是各单位比率的平均。",
        "占比以本表各项之和为基数，四舍五入，合计可能与 100% 略有出入。",
    ]
    if figures.unit is None:
        made.append(
            f"为保护个人隐私，不足 {K} 件的项目合并列出或不列出，“{KEPT_BACK}”表示不足 {K} 件，或一经列出便可由合计倒推出不足 {K} 件的数；"
            "报告不含任何诉求内容和联系方式（《条例（草案）》第二十九条第四款）。"
        )
    else:
        made.append("本报告供单位内部改进工作使用（《条例（草案）》第二十六条、第二十七条），不对外公布。")
    return made


def _formulas(rules: Rules) -> str:
    solved = "已解决件数" + (f"＋{rules.partial:f}×部分解决件数" if rules.partial else "")
    satisfied = "满意件数" + (f"＋{rules.neutral:f}×基本满意件数" if rules.neutral else "")
    return (
        "有效回访是完整且纳入考评的回访：响应率＝已联系件数÷有效回访件数，"
        f"解决率＝（{solved}）÷有效回访件数，满意率＝（{satisfied}）÷有效回访件数；"
    )


def _as_of(figures: Figures) -> str:
    return beijing_text(figures.as_of) if figures.as_of else "报告生成时"


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _hours(hours: float) -> str:
    return f"{hours / 24:.1f} 天" if hours >= 48 else f"{hours:.1f} 小时"
