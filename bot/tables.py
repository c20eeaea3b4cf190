"""Every table of the platform, imported in one place for Alembic and for tests."""

# ruff: noqa: F401
from __future__ import annotations

import channels.conversations.models
import channels.delivery.models
import channels.desk.models
import channels.inbox.models
import channels.open311.models
import channels.transcripts.models
import dispatch.accounts.models
import dispatch.administration.models
import dispatch.answer_templates.models
import dispatch.bulk.models
import dispatch.calendar.models
import dispatch.callbacks.models
import dispatch.catalogue.models
import dispatch.core.idempotency
import dispatch.drafts.models
import dispatch.emergencies.models
import dispatch.evaluation.models
import dispatch.insight.models
import dispatch.knowledge.models
import dispatch.media.models
import dispatch.orders.models
import dispatch.outbox.models
import dispatch.statistics.models
import dispatch.understanding.models
import dispatch.units.models
import dispatch.webhooks.models
from dispatch.core.database import Base

metadata = Base.metadata
