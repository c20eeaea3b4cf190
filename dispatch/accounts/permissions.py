"""Who may call what: one table of every route of the API. A route that isn't in it is refused to everybody.

Scope within a route (a unit's own orders, its own appeals) is the service's business; here stands who gets in at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.orders.workflow import Role

_STAFF = frozenset({Role.OPERATOR, Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
_DESK = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR})
_REVIEW = frozenset({Role.DISPATCHER, Role.SUPERVISOR})
_ACTING = _DESK | {Role.HANDLER}
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_EDITORS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})
_WRITERS = _EDITORS | {Role.HANDLER, Role.OPERATOR}
_NOBODY: frozenset[Role] = frozenset()

SCOPES = {
    "orders:read": "查询工单",
    "orders:write": "登记、办理工单",
    "knowledge:read": "检索知识库",
    "knowledge:write": "提交、导入知识",
    "evaluation:read": "查询回访与考评",
    "insight:read": "查询数据分析",
    "intake:write": "批量受理、通话记录",
}
"""What a service token may be allowed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Roles of the staff that may call a route, the scope that a service token needs (None: no token but the assistant's own may),
    whether the assistant may, and whether anybody may."""

    roles: frozenset[Role]
    scope: str | None = None
    assistant: bool = True
    public: bool = False


_ASSISTANT_ONLY = Rule(_NOBODY)
_PUBLIC = Rule(_STAFF, public=True)
_ADMINISTRATION = Rule(_ADMINISTRATOR, assistant=False)

TABLE: dict[str, Rule] = {
    # 诉求工单
    "POST /api/v1/orders": Rule(_DESK, "orders:write"),
    "GET /api/v1/orders": Rule(_STAFF, "orders:read"),
    "GET /api/v1/orders/{number}": Rule(_STAFF, "orders:read"),
    "GET /api/v1/orders/{number}/events": Rule(_STAFF, "orders:read"),
    "GET /api/v1/orders/{number}/links": Rule(_STAFF, "orders:read"),
    "GET /api/v1/orders/{number}/transitions": Rule(_STAFF, "orders:read"),
    "POST /api/v1/orders/{number}/transitions/{name}": Rule(_ACTING, "orders:write"),
    "POST /api/v1/orders/{number}/unmask": Rule(_DESK | {Role.HANDLER}, assistant=False),
    "GET /api/v1/orders/{number}/progress": _ASSISTANT_ONLY,
    "POST /api/v1/orders/{number}/attachments": Rule(_ACTING, "orders:write"),
    "GET /api/v1/orders/{number}/attachments": Rule(_STAFF, "orders:read"),
    "POST /api/v1/intake/rows": Rule(_EDITORS | {Role.SUPERVISOR}, "intake:write"),
    # 会话（助手）
    "GET /api/v1/conversations/{conversation_id}/messages": Rule(_DESK | {Role.AUDITOR, Role.ADMINISTRATOR}, assistant=False),
    "POST /api/v1/conversations/{conversation_id}/handoff": _ASSISTANT_ONLY,
    "GET /api/v1/conversations/{conversation_id}/draft": _ASSISTANT_ONLY,
    "PUT /api/v1/conversations/{conversation_id}/draft": _ASSISTANT_ONLY,
    "DELETE /api/v1/conversations/{conversation_id}/draft": _ASSISTANT_ONLY,
    "POST /api/v1/conversations/{conversation_id}/orders": _ASSISTANT_ONLY,
    "GET /api/v1/conversations/{conversation_id}/orders": _ASSISTANT_ONLY,
    "POST /api/v1/conversations/{conversation_id}/answers": _ASSISTANT_ONLY,
    "POST /api/v1/conversations/{conversation_id}/feedback": _ASSISTANT_ONLY,
    "POST /api/v1/understand": _ASSISTANT_ONLY,
    "POST /api/v1/knowledge/answer": _ASSISTANT_ONLY,
    # 研判更正
    "POST /api/v1/corrections": Rule(_DESK | _ADMINISTRATOR),
    "GET /api/v1/corrections": Rule(frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}), assistant=False),
    # 知识库
    "GET /api/v1/knowledge/search": Rule(_STAFF, "knowledge:read"),
    "POST /api/v1/knowledge/import": Rule(_EDITORS, "knowledge:write"),
    "GET /api/v1/knowledge/entries": Rule(_STAFF, "knowledge:read"),
    "GET /api/v1/knowledge/entries/{entry_id}": Rule(_STAFF, "knowledge:read"),
    "GET /api/v1/knowledge/entries/{entry_id}/diff": Rule(_STAFF, "knowledge:read"),
    "POST /api/v1/knowledge/entries/{entry_id}/versions": Rule(
        _EDITORS | {Role.HANDLER, Role.OPERATOR}, "knowledge:write", assistant=False
    ),
    "POST /api/v1/knowledge/entries/{entry_id}/versions/{number}/publish": Rule(_EDITORS, assistant=False),
    "POST /api/v1/knowledge/entries/{entry_id}/versions/{number}/reject": Rule(_EDITORS, assistant=False),
    "POST /api/v1/knowledge/entries/{entry_id}/withdraw": Rule(_EDITORS, assistant=False),
    "GET /api/v1/knowledge/gaps": Rule(_STAFF, "knowledge:read"),
    "GET /api/v1/knowledge/gaps/{gap_id}": Rule(_STAFF, "knowledge:read"),
    "POST /api/v1/knowledge/gaps/{gap_id}/close": Rule(_WRITERS, assistant=False),
    "GET /api/v1/knowledge/rates": Rule(_STAFF, "knowledge:read"),
    # 派单目录、单位
    "GET /api/v1/catalogue": Rule(_STAFF),
    "GET /api/v1/catalogue/versions": Rule(_STAFF),
    "GET /api/v1/catalogue/versions/{number}": Rule(_STAFF),
    "GET /api/v1/catalogue/diff": Rule(_STAFF),
    "POST /api/v1/catalogue/versions": Rule(_EDITORS, assistant=False),
    "GET /api/v1/units": _PUBLIC,
    # 回访、考评
    "GET /api/v1/callbacks/to-ring": Rule(_DESK, assistant=False),
    "GET /api/v1/callbacks": Rule(_DESK | {Role.HANDLER, Role.AUDITOR}, "evaluation:read", assistant=False),
    "POST /api/v1/callbacks/{callback_id}/answer": Rule(_DESK, assistant=False),
    "POST /api/v1/callbacks/{callback_id}/not-reached": Rule(_DESK, assistant=False),
    "POST /api/v1/callbacks/{callback_id}/refused": Rule(_DESK, assistant=False),
    "POST /api/v1/callbacks/{callback_id}/exclude": Rule(_REVIEW, assistant=False),
    "POST /api/v1/callbacks/{callback_id}/appeal": Rule(frozenset({Role.HANDLER}), assistant=False),
    "POST /api/v1/callbacks/{callback_id}/appeal/decision": Rule(_REVIEW, assistant=False),
    "GET /api/v1/appeals": Rule(_DESK | {Role.AUDITOR}, assistant=False),
    "GET /api/v1/evaluation/months/{month}": Rule(_STAFF, "evaluation:read", assistant=False),
    "GET /api/v1/evaluation/days": Rule(_STAFF, "evaluation:read", assistant=False),
    "GET /api/v1/evaluation/rules": Rule(_STAFF, "evaluation:read", assistant=False),
    "POST /api/v1/evaluation/rules": Rule(frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}), assistant=False),
    # 数据分析
    "GET /api/v1/insight/surges": Rule(_STAFF, "insight:read", assistant=False),
    "GET /api/v1/insight/stories": Rule(_STAFF, "insight:read", assistant=False),
    "GET /api/v1/insight/repeats": Rule(_STAFF, "insight:read", assistant=False),
    "GET /api/v1/insight/forecasts": Rule(_STAFF, "insight:read", assistant=False),
    "GET /api/v1/insight/topics": Rule(_STAFF, "insight:read", assistant=False),
    "GET /api/v1/insight/risks": Rule(_REVIEW | {Role.AUDITOR}, assistant=False),
    # 推送、投递、令牌、登录
    "GET /api/v1/webhooks": _ADMINISTRATION,
    "POST /api/v1/webhooks": _ADMINISTRATION,
    "POST /api/v1/webhooks/{subscription_id}/secret": _ADMINISTRATION,
    "POST /api/v1/webhooks/{subscription_id}/{state}": _ADMINISTRATION,
    "POST /api/v1/webhooks/{subscription_id}/replay/since": _ADMINISTRATION,
    "GET /api/v1/deliveries": _ADMINISTRATION,
    "GET /api/v1/undelivered-messages": _ADMINISTRATION,
    "POST /api/v1/undelivered-messages/{part_id}/retry": _ADMINISTRATION,
    "POST /api/v1/deliveries/{delivery_id}/retry": _ADMINISTRATION,
    "GET /api/v1/service-tokens": _ADMINISTRATION,
    "POST /api/v1/service-tokens": _ADMINISTRATION,
    "POST /api/v1/service-tokens/{token_id}/revoke": _ADMINISTRATION,
    "GET /api/v1/sessions": Rule(_STAFF, assistant=False),
    "POST /api/v1/sessions/{session_id}/revoke": Rule(_STAFF, assistant=False),
    "POST /api/v1/password": Rule(_STAFF, assistant=False),
    # 诉求人
    "POST /api/v1/citizen/lookup": _PUBLIC,
    "GET /api/v1/citizen/order": _PUBLIC,
}


def rule_of(method: str, path: str) -> Rule | None:
    """Return the rule of a route, by method and path template; None if nobody may call it."""
    return TABLE.get(f"{method} {path}")
