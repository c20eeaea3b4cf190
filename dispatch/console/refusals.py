"""What goes wrong on a page is told as a page: no log-in, a page of an earlier log-in, something missing or not allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse

from dispatch.accounts import oidc
from dispatch.accounts.callers import SESSION_COOKIE, login_of
from dispatch.accounts.service import LoggedIn
from dispatch.console import kept_forms
from dispatch.console.pages import LoginNeededError, Pages, StaleFormError, page_of
from dispatch.core.problems import Problem
from dispatch.platform import Platform

pages = Pages(Path(__file__).parent / "templates")

_PAGES = ("/console", "/desk")
_EXPIRED = "登录已失效。请重新登录；您写的内容会留着，登录后确认即可提交。"
_STALE = "这一页是上一次登录时打开的，所以没有提交。您写的内容都在下面，确认后可以再次提交。"


def install(app: FastAPI) -> None:
    """Make ``app`` answer people with pages where ``dispatch.core.problems`` answers programs with problem documents."""
    told = {kind: app.exception_handlers[kind] for kind in (Problem, RequestValidationError)}

    @app.exception_handler(LoginNeededError)
    async def _to_login(request: Request, error: LoginNeededError) -> Response:
        if request.headers.get("hx-request"):
            return Response(status_code=401, headers={"HX-Redirect": error.login_url})
        form = await kept_forms.kept(request)
        if form is None:
            return RedirectResponse(error.login_url, 303)
        platform: Platform = request.app.state.platform
        city = oidc.configured(platform.settings)
        carried = kept_forms.packed(platform, form)
        return pages.render("login.html", next=error.target, fault=_EXPIRED, city=city, kept=carried, status=401)

    @app.exception_handler(StaleFormError)
    async def _stale(request: Request, error: StaleFormError) -> Response:
        form = None if request.headers.get("hx-request") else await kept_forms.kept(request)
        if form is None:
            return await _told(told[Problem], request, error.problem)
        return kept_forms.resume(error.who, form, _STALE, status=403)

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> Response:
        if not _wants_page(request):
            return await _told(told[Problem], request, problem)
        return await _page(request, problem.status, problem.title, problem.detail)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        if not _wants_page(request):
            return await _told(told[RequestValidationError], request, error)
        fields = "、".join(dict.fromkeys(str(item["loc"][-1]) for item in error.errors()))
        return await _page(request, 422, "填写有误", f"{fields}: 太长、缺少或格式不对，请返回上一页修改")


def _wants_page(request: Request) -> bool:
    return (
        request.url.path.startswith(_PAGES) and "text/html" in request.headers.get("accept", "") and not request.headers.get("hx-request")
    )


async def _page(request: Request, status: int, title: str, detail: str) -> Response:
    token = request.cookies.get(SESSION_COOKIE)
    who: LoggedIn | None = await to_thread.run_sync(login_of, request.app.state.platform, token) if token else None
    return pages.render("refused.html", who, title=title, detail=detail, back=page_of(request), status=status)


async def _told(handler: Callable[..., Any], request: Request, error: Exception) -> Response:
    answer: Response | Awaitable[Response] = handler(request, error)
    return answer if isinstance(answer, Response) else await answer
