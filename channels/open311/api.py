"""Routes of Open311 GeoReport v2. XML where the path names no format. Errors are Open311's own, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from channels.open311 import parameters, service, wording
from channels.open311.formats import Format, Open311Error, answer, error_answer
from dispatch.media.types import LARGEST
from dispatch.platform import Platform

router = APIRouter(tags=["open311"])

_BASE = "/open311/v2"
_CHANGESET = "2026-11-23T00:00:00+08:00"
_SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_BODY = LARGEST + 1024 * 1024
_MAX_FILES = 5

Handler = Callable[[Platform, Request, str], tuple[str, Any]]
"""Returns the root element's name and what is in it."""


def _get(path: str, handler: Handler) -> None:
    """Serve ``path`` as it is (XML), with ``.xml`` and with ``.json``."""

    def endpoint(request: Request, name: str = "") -> Response:
        kind = _kind(request)
        platform = cast(Platform, request.app.state.platform)
        try:
            parameters.check_jurisdiction(request.query_params)
            root, value = handler(platform, request, name)
            return answer(kind, root, value)
        except Open311Error as error:
            return error_answer(kind, error)

    endpoint.__doc__ = handler.__doc__
    for suffix in (".json", ".xml", ""):
        operation = f"open311_{handler.__name__.strip('_')}{suffix.replace('.', '_')}"
        router.add_api_route(f"{_BASE}{path}{suffix}", endpoint, operation_id=operation, include_in_schema=suffix == ".json")


def _kind(request: Request) -> Format:
    return "json" if request.url.path.endswith(".json") else "xml"


def _discovery(platform: Platform, _request: Request, _name: str) -> tuple[str, Any]:
    """Say where this API is, in which formats, and how to get a key."""
    endpoint = {
        "specification": _SPECIFICATION,
        "url": f"{platform.settings.resolved_public_url()}{_BASE}",
        "changeset": _CHANGESET,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    return "discovery", {
        "changeset": _CHANGESET,
        "contact": wording.CONTACT,
        "key_service": wording.KEY_SERVICE,
        "endpoints": [endpoint],
    }


def _services(platform: Platform, _request: Request, _name: str) -> tuple[str, Any]:
    """List the services: the matters of the dispatch catalogue in force."""
    items = platform.reference.current().catalogue.items.values()
    return "services", [service.service_out(item) for item in sorted(items, key=lambda item: item.code)]


def _definition(platform: Platform, _request: Request, name: str) -> tuple[str, Any]:
    """Say what can be told of a service beyond the common fields."""
    item = platform.reference.current().catalogue.find(name)
    if item is None:
        raise Open311Error(404, wording.UNKNOWN_SERVICE)
    return "service_definition", service.definition_out(item)


def _requests(platform: Platform, request: Request, _name: str) -> tuple[str, Any]:
    """List requests that came by this API, newest first; at most 90 days and 1,000 of them."""
    wanted = parameters.wanted(request.query_params, platform.clock.now())
    with platform.database.read() as session:
        return "service_requests", service.listing(session, wanted, platform.reference.current())


def _request(platform: Platform, request: Request, name: str) -> tuple[str, Any]:
    """Return one request, as a list of one."""
    wanted = parameters.wanted({"service_request_id": name}, platform.clock.now())
    with platform.database.read() as session:
        found = service.listing(session, wanted, platform.reference.current()) if wanted.numbers else []
    if len(found) != 1:
        raise Open311Error(404, wording.UNKNOWN_REQUEST)
    return "service_requests", found


def _token(platform: Platform, _request: Request, name: str) -> tuple[str, Any]:
    """Return the id of the request that a token was given for."""
    with platform.database.read() as session:
        row = service.token_of(session, name)
    if row is None:
        raise Open311Error(404, wording.UNKNOWN_TOKEN)
    return "service_requests", [{"service_request_id": row.number, "token": name}]


async def _post(request: Request) -> Response:
    """File a request; an app's ``api_key`` is a service token that may file orders."""
    kind = _kind(request)
    platform = cast(Platform, request.app.state.platform)
    try:
        given, files = await _form(request)
        parameters.check_jurisdiction(given)
        client = await to_thread.run_sync(service.key_name, platform, parameters.text(given, "api_key"))
        posted = parameters.posted(given)
        filed = await to_thread.run_sync(service.file_request, platform, posted, client, files)
    except Open311Error as error:
        return error_answer(kind, error)
    row = {"service_request_id": filed.number, "service_notice": filed.notice, "account_id": None}
    return answer(kind, "service_requests", [row], 201)


async def _form(request: Request) -> tuple[dict[str, str], list[bytes]]:
    """Return the fields of a form (those in the address too, where clients put the key) and the files in it."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type and content_type not in _FORMS:
        raise Open311Error(400, wording.NOT_A_FORM)
    length = request.headers.get("content-length", "")
    if (length.isdigit() and int(length) > _MAX_BODY) or "transfer-encoding" in request.headers:
        raise Open311Error(413, wording.TOO_LARGE)
    try:
        form: FormData = await request.form(max_files=_MAX_FILES, max_fields=100, max_part_size=64 * 1024)
    except (HTTPException, UnicodeDecodeError, ValueError) as error:
        raise Open311Error(400, wording.NOT_A_FORM) from error
    given = {name: value for name, value in request.query_params.items() if name in {"api_key", "jurisdiction_id"}}
    files: list[bytes] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            files.append(await value.read())
        else:
            given[name] = value
    await form.close()
    return given, [data for data in files if data]


def _unknown(request: Request, rest: str = "") -> Response:
    """Refuse, in Open311's form, what isn't there."""
    known = request.method != "GET" and any(
        route.path_regex.match(request.url.path) for route in router.routes[:-1] if hasattr(route, "path_regex")
    )
    error = Open311Error(405, wording.WRONG_METHOD) if known else Open311Error(404, wording.UNKNOWN_PATH)
    return error_answer(_kind(request), error)


_get("/discovery", _discovery)
_get("/services", _services)
_get("/services/{name}", _definition)
_get("/requests", _requests)
_get("/requests/{name}", _request)
_get("/tokens/{name}", _token)
for _suffix in (".json", ".xml", ""):
    router.add_api_route(
        f"{_BASE}/requests{_suffix}",
        _post,
        methods=["POST"],
        operation_id=f"open311_file{_suffix.replace('.', '_')}",
        include_in_schema=_suffix == ".json",
        status_code=201,
    )
router.add_api_route(
    f"{_BASE}{{rest:path}}",
    _unknown,
    methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"],
    include_in_schema=False,
)
