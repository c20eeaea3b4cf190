"""Errors as RFC 9457 problem documents. A problem names the field and what would be right, and holds no personal data."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

_MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An error that a client is told about.

    Args:
        status: HTTP status code.
        title: what is wrong, in one short sentence, always the same for this type.
        detail: what is wrong this time and what would be right.
        kind: last part of the problem type's URI.
        extra: further members, e.g. the legal transitions.
    """

    def __init__(self, status: int, title: str, detail: str, *, kind: str = "about:blank", **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.kind = kind
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """Return the problem document."""
        kind = self.kind if self.kind == "about:blank" else f"/problems/{self.kind}"
        return {"type": kind, "title": self.title, "status": self.status, "detail": self.detail, **self.extra}


def not_found(what: str, name: str) -> Problem:
    """Return the problem for something that does not exist (or is not the caller's to see)."""
    return Problem(404, "没有找到", f"没有找到{what}：{name}", kind="not-found")


def install_problem_handlers(app: FastAPI) -> None:
    """Make ``app`` answer every error with a problem document."""

    @app.exception_handler(Problem)
    def _problem(_request: Request, problem: Problem) -> JSONResponse:
        return JSONResponse(problem.body(), problem.status, media_type=_MEDIA_TYPE)

    @app.exception_handler(HTTPException)
    def _http(_request: Request, error: HTTPException) -> JSONResponse:
        body = {"type": "about:blank", "title": str(error.detail), "status": error.status_code, "detail": str(error.detail)}
        return JSONResponse(body, error.status_code, headers=error.headers, media_type=_MEDIA_TYPE)

    @app.exception_handler(RequestValidationError)
    def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        # The rejected input itself stays out of the body: it may be somebody's phone number.
        fields = [{"field": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()]
        detail = "; ".join(f"{item['field']}: {item['message']}" for item in fields)
        body = {"type": "/problems/invalid-input", "title": "请求内容有误", "status": 422, "detail": detail, "errors": fields}
        return JSONResponse(body, 422, media_type=_MEDIA_TYPE)
