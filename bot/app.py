"""Puts the platform together: one FastAPI application, stateless beyond its database."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from anyio import to_thread
from fastapi import Depends, FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request

import channels.conversations.api
import channels.delivery.api
import channels.delivery.health_pages
import channels.delivery.pages
import channels.desk.api
import channels.desk.wall_pages
import channels.open311.api
import channels.transcripts.api
import channels.web.api
import channels.web.citizen_pages
import channels.web.survey_pages
import dispatch.accounts.api
import dispatch.attachments.api
import dispatch.callbacks.api
import dispatch.catalogue.api
import dispatch.citizens.api
import dispatch.console.admin_pages
import dispatch.console.api
import dispatch.console.audit_pages
import dispatch.console.bulk_pages
import dispatch.console.callbacks_pages
import dispatch.console.catalogue_pages
import dispatch.console.deliveries_pages
import dispatch.console.dispatcher_pages
import dispatch.console.evaluation_pages
import dispatch.console.evaluation_rules_pages
import dispatch.console.figures_pages
import dispatch.console.inbox_pages
import dispatch.console.insight_pages
import dispatch.console.knowledge_pages
import dispatch.console.knowledge_use_pages
import dispatch.console.login_pages
import dispatch.console.notices_pages
import dispatch.console.order_pages
import dispatch.console.reference_pages
import dispatch.console.template_pages
import dispatch.drafts.api
import dispatch.evaluation.api
import dispatch.insight.api
import dispatch.intake.api
import dispatch.knowledge.api
import dispatch.media.api
import dispatch.orders.api
import dispatch.understanding.api
import dispatch.understanding.corrections_api
import dispatch.units.api
import dispatch.webhooks.api
from bot.demo.banner import add_banner
from bot.headers import SecurityHeaders
from bot.jobs import HANDLERS, PERIODIC
from bot.system import open_platform, warm_up
from channels import registry
from channels.assistant.client import Assistant
from channels.conversations.service import Received
from channels.inbox.service import Inbox
from dispatch.accounts.callers import authorise
from dispatch.console import refusals
from dispatch.core.body_limit import BodyLimit
from dispatch.core.clock import Clock
from dispatch.core.idempotency import Idempotency
from dispatch.core.jobs import Jobs
from dispatch.core.problems import Problem, install_problem_handlers
from dispatch.core.settings import Settings
from dispatch.outbox import delivering

_log = structlog.get_logger(__name__)

_STATIC = {"web": "channels/web/static", "desk": "channels/desk/static", "console": "dispatch/console/static"}
_ROOT = Path(__file__).resolve().parent.parent
_DOCS_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
_NO_ASSISTANT = "http://127.0.0.1:9"  # the discard port: without a supervisor there is no assistant, and turns say so


def create_app(settings: Settings, clock: Clock | None = None, *, warm: bool = False, with_jobs: bool = False) -> FastAPI:
    """Return the application of the system that ``settings`` describe; opening it happens when it starts.

    ``warm`` loads what the first messages would otherwise wait for (the catalogue's matcher, the knowledge base's encoder).
    ``with_jobs`` runs deliveries and periodic work in this process; without it they wait (tests make them happen by hand).
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Requests mostly wait for SQLite's one writer; more threads than this would only queue there.
        to_thread.current_default_thread_limiter().total_tokens = 16
        platform = await to_thread.run_sync(open_platform, settings, clock)
        if warm:
            await to_thread.run_sync(warm_up, platform)
            # What is there now stays: else the collector looks through the whole catalogue every so often, a quarter of a second each time.
            gc.collect()
            gc.freeze()
        platform.live.bind(asyncio.get_running_loop())
        assistant = Assistant(settings.rasa_url or _NO_ASSISTANT, timeout=settings.rasa_timeout, concurrency=settings.rasa_concurrency)
        inbox = Inbox(platform, assistant)
        app.state.platform, app.state.assistant, app.state.inbox = platform, assistant, inbox
        background = [asyncio.create_task(_recover(inbox, assistant, await inbox.left_unanswered()))]
        background += [asyncio.create_task(channel.run(platform, inbox)) for channel in registry.CHANNELS]
        jobs = Jobs(platform.database, slot=settings.slot)
        if with_jobs:
            await to_thread.run_sync(delivering.start, platform, jobs, HANDLERS, PERIODIC)
        try:
            yield
        finally:
            await to_thread.run_sync(jobs.stop)
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await inbox.stop()
            await assistant.close()
            await platform.live.close()
            platform.database.dispose()

    app = FastAPI(
        title="接诉即办", version="0.1.0", lifespan=lifespan, description="12345 接诉即办平台的接口。错误一律为 RFC 9457 问题文档。"
    )
    if settings.demo:
        app.middleware("http")(add_banner)
    app.add_middleware(BodyLimit)
    app.add_middleware(Idempotency)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    install_problem_handlers(app)
    refusals.install(app)

    app.add_middleware(SecurityHeaders)

    # Routes are tried in this order: what every message of every resident needs stands first.
    for module in (
        channels.web.api,
        dispatch.drafts.api,
        channels.transcripts.api,
        dispatch.orders.api,
        dispatch.knowledge.api,
        dispatch.understanding.api,
        channels.web.citizen_pages,
        channels.web.survey_pages,
        channels.conversations.api,
        channels.delivery.api,
        channels.delivery.health_pages,
        channels.delivery.pages,
        channels.desk.api,
        channels.desk.wall_pages,
        channels.open311.api,
        dispatch.console.api,
        dispatch.console.admin_pages,
        dispatch.console.reference_pages,
        dispatch.console.audit_pages,
        dispatch.console.inbox_pages,
        dispatch.console.notices_pages,
        dispatch.console.order_pages,
        dispatch.console.bulk_pages,
        dispatch.console.dispatcher_pages,
        dispatch.console.template_pages,
        dispatch.console.login_pages,
        dispatch.units.api,
        dispatch.media.api,
        dispatch.catalogue.api,
        dispatch.console.catalogue_pages,
        dispatch.console.knowledge_use_pages,
        dispatch.console.insight_pages,
        dispatch.console.knowledge_pages,
        dispatch.console.deliveries_pages,
        dispatch.console.callbacks_pages,
        dispatch.console.evaluation_pages,
        dispatch.console.evaluation_rules_pages,
        dispatch.console.figures_pages,
        dispatch.understanding.corrections_api,
        dispatch.webhooks.api,
        dispatch.intake.api,
        dispatch.callbacks.api,
        dispatch.accounts.api,
        dispatch.attachments.api,
        dispatch.citizens.api,
        dispatch.evaluation.api,
        dispatch.insight.api,
    ):
        app.include_router(module.router, dependencies=[Depends(authorise)])
    for channel in registry.CHANNELS:
        if channel.router is not None:
            app.include_router(channel.router)
    for name, folder in _STATIC.items():
        app.mount(f"/static/{name}", StaticFiles(directory=_ROOT / folder), name=f"static-{name}")

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="接诉即办 · 接口文档",
            swagger_js_url="/static/vendor/swagger-ui.js",
            swagger_css_url="/static/vendor/swagger-ui.css",
            swagger_favicon_url="data:,",
        )
        page.headers["Content-Security-Policy"] = _DOCS_POLICY
        return page

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> dict[str, str]:
        if not await request.app.state.assistant.ready():
            raise Problem(503, "助手未就绪", "Rasa 服务没有应答；平台照常接收诉求并转人工", kind="assistant-down")
        return {"status": "ready"}

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


async def _recover(inbox: Inbox, assistant: Assistant, left: list[Received]) -> None:
    """Answer what an earlier process left unanswered, giving the assistant a while to come up first."""
    if not left:
        return
    deadline = asyncio.get_running_loop().time() + timedelta(seconds=60).total_seconds()
    while asyncio.get_running_loop().time() < deadline and not await assistant.ready():  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(0.5)
    await inbox.recover(left)
    _log.info("recovered_messages", count=len(left))
