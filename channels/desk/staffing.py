"""Who is at the desk, and which conversation goes to whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from channels.conversations import holding
from channels.conversations.service import Conversation
from channels.desk import repository
from channels.desk.models import CannedReply, DeskSetting
from channels.desk.models import DeskGroup as DeskGroup
from channels.desk.models import DeskOperator as DeskOperator
from channels.desk.schemas import DeskSettings
from channels.desk.wording import CANNED
from dispatch.accounts.service import LoggedIn
from dispatch.administration import service as administration
from dispatch.core.live import LiveEvent
from dispatch.drafts import service as drafts
from dispatch.orders.workflow import Role
from dispatch.platform import Platform

STATES = {"online": "在线", "break": "小休", "offline": "离线", "lost": "断线"}
"""``lost`` is who was online and hasn't been heard of: back as soon as the browser is. Who says ``offline`` stays so."""

SETTING_NAMES = {
    "assign": "自动分配",
    "accept_minutes": "几分钟不接转给别人",
    "answer_minutes": "几分钟不答退回队列",
    "idle_minutes": "几分钟无人说话结束",
    "away_seconds": "几秒没有动静算离线",
    "capacity": "同时会话",
    "office_hours": "人工服务时间",
}

_BEAT = timedelta(seconds=15)  # sooner than this a sign of life isn't written down again


def seed(session: Session, now: datetime) -> None:
    """Give a system that has no desk yet its settings and the city's canned replies."""
    if repository.settings(session) is None:
        session.add(DeskSetting(id=1, values=DeskSettings().model_dump(mode="json")))
        session.add_all(CannedReply(owner=None, title=title, text=text, updated_by="system", updated_at=now) for title, text in CANNED)
        session.flush()


def settings(session: Session) -> DeskSettings:
    """Return how the desk is set up."""
    row = repository.settings(session)
    return DeskSettings.model_validate(row.values) if row else DeskSettings()


def save_settings(session: Session, given: DeskSettings, *, by: str, now: datetime) -> None:
    """Set the desk up anew."""
    row = repository.settings(session)
    before, after = settings(session).model_dump(mode="json"), given.model_dump(mode="json")
    if detail := administration.changes(before, after, SETTING_NAMES):
        administration.record(session, "desk_changed", "工作台", detail, by=by, now=now)
    if row is None:
        session.add(DeskSetting(id=1, values=given.model_dump(mode="json")))
    else:
        row.values = given.model_dump(mode="json")


def operators(session: Session) -> Sequence[DeskOperator]:
    """Return everybody who ever worked at the desk."""
    return repository.operators(session)


def operator(session: Session, username: str) -> DeskOperator | None:
    """Return somebody who works at the desk, or None."""
    return repository.operator(session, username)


def groups(session: Session) -> Sequence[DeskGroup]:
    """Return the groups of operators."""
    return repository.groups(session)


def save_group(session: Session, code: str, *, name: str, channels: list[str], districts: list[str], by: str, now: datetime) -> None:
    """Add a group or change it; an empty list stands for all channels or districts."""
    row = repository.group(session, code)
    before = _group_fields(row.name, row.channels, row.districts) if row else {}
    detail = administration.changes(before, _group_fields(name, channels, districts))
    administration.record(session, "desk_group_changed", code, detail, by=by, now=now)
    if row is None:
        row = DeskGroup(code=code)
        session.add(row)
    row.name, row.channels, row.districts = name, channels, districts


def save_operator(session: Session, username: str, *, capacity: int, groups: Sequence[str], by: str, now: datetime) -> bool:
    """Set an operator's limit and groups (those that there are); return whether there is such an operator."""
    row = repository.operator(session, username)
    if row is None:
        return False
    wanted = sorted(set(groups) & {group.code for group in repository.groups(session)})
    detail = administration.changes({"同时会话": row.capacity, "分组": row.groups}, {"同时会话": capacity, "分组": wanted})
    administration.record(session, "desk_operator_changed", username, detail, by=by, now=now)
    row.capacity, row.groups = capacity, wanted
    return True


def remove_group(session: Session, code: str, *, by: str, now: datetime) -> None:
    """Delete a group; its members stay, without it."""
    row = repository.group(session, code)
    if row is not None:
        administration.record(session, "desk_group_changed", code, f"删除：{row.name}", by=by, now=now)
        session.delete(row)
        for member in repository.operators(session):
            member.groups = [each for each in member.groups if each != code]


def _group_fields(name: str, channels: list[str], districts: list[str]) -> dict[str, object]:
    return {"组名": name, "渠道": channels, "区": districts}


def here(session: Session, who: LoggedIn, now: datetime, *, arrived: bool = False) -> DeskOperator:
    """Note a sign of life of ``who`` and return their row; operators who open the desk anew (``arrived``) are online.

    Who was lost is back; who is on a break or said to be offline stays so.
    """
    setup = settings(session)
    row = repository.operator(session, who.username, lock=True)
    if row is None:
        state = "online" if who.role is Role.OPERATOR else "offline"
        row = DeskOperator(username=who.username, display_name=who.display_name, state=state, state_since=now, last_seen=now)
        row.capacity, row.groups = setup.capacity, []
        session.add(row)
        session.flush()
        return row
    gone = now - row.last_seen > timedelta(seconds=setup.away_seconds)
    if row.state == "lost" or (arrived and gone and row.state == "offline" and who.role is Role.OPERATOR):
        row.state, row.state_since = "online", now
    if now - row.last_seen >= _BEAT:
        row.last_seen = now
    row.display_name = who.display_name
    return row


def set_state(session: Session, username: str, state: str, now: datetime) -> list[Conversation]:
    """Put an operator online, on a break or offline; return the conversations that others must take now.

    On a break an operator finishes what they hold and gets nothing new; offline, all of it goes back into the queue.
    """
    row = repository.operator(session, username, lock=True)
    if row is None or row.state == state:
        return []
    row.state, row.state_since, row.last_seen = state, now, now
    returned = list(holding.offered_to(session, username)) if state != "online" else []
    for conversation in returned:
        holding.withdraw_offer(conversation)
    if state in ("offline", "lost"):
        for conversation in holding.held_by(session, username, lock=True):
            holding.give_up(session, conversation, now)
            returned.append(conversation)
    return returned


def tend(platform: Platform) -> int:
    """Keep the desk going: who was lost is offline, what nobody answers goes to somebody else, what waits is assigned.

    Meant to run every few seconds, in one process at a time. Returns how many conversations changed.
    """
    now = platform.clock.now()
    with platform.database.write() as session:
        setup = settings(session)
        changed: dict[str, Conversation] = {}
        for row in repository.silent_since(session, now - timedelta(seconds=setup.away_seconds)):
            seen = row.last_seen
            changed.update((each.id, each) for each in set_state(session, row.username, "lost", now))
            row.last_seen = seen
        changed.update((each.id, each) for each in _return_unanswered(session, setup, now))
        offered = _assign(session, now) if setup.assign else []
    for conversation in (*changed.values(), *offered):
        platform.live.publish(LiveEvent(f"conversation:{conversation.id}", "holder", {"id": conversation.id}))
    for conversation in offered:
        platform.live.publish(LiveEvent(f"operator:{conversation.offered_to}", "offer", {"id": conversation.id}))
    if changed or offered:
        platform.live.publish(LiveEvent("desk", "queue"))
    return len(changed) + len(offered)


def _return_unanswered(session: Session, setup: DeskSettings, now: datetime) -> list[Conversation]:
    changed = []
    if setup.accept_minutes:
        for conversation in holding.offered_before(session, now - timedelta(minutes=setup.accept_minutes)):
            holding.withdraw_offer(conversation)
            changed.append(conversation)
    for conversation in holding.held(session):
        since = conversation.unanswered_since
        if since is not None and setup.answer_minutes and since < now - timedelta(minutes=setup.answer_minutes):
            holding.give_up(session, conversation, now)
            changed.append(conversation)
        elif since is None and setup.idle_minutes and conversation.last_message_at < now - timedelta(minutes=setup.idle_minutes):
            holding.end(session, conversation, now)
            changed.append(conversation)
    return changed


def _assign(session: Session, now: datetime) -> list[Conversation]:
    """Assign what waits to who is online, least loaded and skilled for it; emergencies also beyond anybody's limit."""
    online = list(repository.in_state(session, "online"))
    if not online:
        return []
    loads = holding.loads(session)
    skills = {group.code: group for group in repository.groups(session)}
    offered = []
    for conversation in holding.queue_to_assign(session):
        urgent = conversation.urgency == 0
        free = [each for each in online if urgent or loads.get(each.username, 0) < each.capacity]
        fresh = [each for each in free if each.username not in conversation.passed_by]
        if not fresh:
            if free and conversation.passed_by:
                conversation.passed_by = []  # everybody had a turn: begin again at the next round
            continue
        draft = drafts.find(session, conversation.id)
        district = draft.district if draft else None

        def order(each: DeskOperator, waiting: Conversation = conversation, where: str | None = district) -> tuple[int, int, float, str]:
            return _rank(each, waiting, where, skills), loads.get(each.username, 0), _last(each), each.username

        best = min(fresh, key=order)
        holding.offer(conversation, best.username, now)
        best.last_offer = now
        loads[best.username] = loads.get(best.username, 0) + 1
        offered.append(conversation)
    return offered


def _rank(who: DeskOperator, conversation: Conversation, district: str | None, skills: dict[str, DeskGroup]) -> int:
    """Return 0 for who is in the group asked for or skilled, 1 for who does everything, 2 for who has other skills."""
    if conversation.group_code:
        return 0 if conversation.group_code in who.groups else 2
    own = [skills[code] for code in who.groups if code in skills]
    if not own:
        return 1
    return 0 if any(_fits(group, conversation.channel, district) for group in own) else 2


def _fits(group: DeskGroup, channel: str, district: str | None) -> bool:
    return (not group.channels or channel in group.channels) and (not group.districts or district in group.districts)


def _last(who: DeskOperator) -> float:
    return who.last_offer.timestamp() if who.last_offer else 0.0
