"""Logging in with the city's account service (统一身份认证): OpenID Connect Core 1.0, code flow with PKCE (RFC 7636), state and nonce.

The service vouches for who it is; which account that is, with which role and unit, stays with us: nobody gets one by logging in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError

from dispatch.core.keys import Keys
from dispatch.core.settings import Settings

MEMO_SECONDS = 600
"""How long somebody may take to log in there."""

_SALT = "oidc-memo"
_TIMEOUT = 8.0


class SignOnError(Exception):
    """Nobody was vouched for; the message says why, for the log."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the signed memo (state, nonce, code verifier, target) that it has to bring back."""

    url: str
    memo: str


def configured(settings: Settings) -> bool:
    """Say whether this system has an account service."""
    return settings.oidc_issuer is not None


async def depart(settings: Settings, keys: Keys, target: str) -> Departure:
    """Prepare a log-in that ends at ``target``. Raises SignOnError when the service doesn't answer."""
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    try:
        made = await _client(settings).create_authorization_url(_return_address(settings), code_verifier=verifier, nonce=nonce)
    except (httpx.HTTPError, RuntimeError, ValueError) as error:
        raise SignOnError(f"discovery failed: {type(error).__name__}") from error
    memo = {"state": made["state"], "nonce": nonce, "verifier": verifier, "target": target}
    return Departure(made["url"], _signer(keys).dumps(memo))


async def arrive(settings: Settings, keys: Keys, memo: str, *, state: str, code: str) -> tuple[str, str]:
    """Return the user name that the service vouches for, and the target.

    Raises:
        SignOnError: the browser didn't depart from here lately, or the service's answer doesn't hold.
    """
    try:
        departed: dict[str, str] = _signer(keys).loads(memo, max_age=MEMO_SECONDS)
    except BadSignature as error:
        raise SignOnError("no departure, or too long ago") from error
    if not secrets.compare_digest(departed["state"].encode(), state.encode()):
        raise SignOnError("state differs")
    client = _client(settings)
    try:
        token = await client.fetch_access_token(_return_address(settings), code=code, code_verifier=departed["verifier"])
        claims = await client.parse_id_token(token, nonce=departed["nonce"])
    except (httpx.HTTPError, OAuthError, JoseError, RuntimeError, ValueError) as error:
        raise SignOnError(f"the service's answer doesn't hold: {type(error).__name__}") from error
    name = claims.get(settings.oidc_claim) if claims else None
    if not isinstance(name, str) or not name:
        raise SignOnError(f"no claim {settings.oidc_claim}")
    return name, departed["target"]


def _client(settings: Settings) -> Any:
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
    return _registered(settings.oidc_issuer or "", settings.oidc_client_id or "", secret)


@lru_cache(maxsize=4)
def _registered(issuer: str, client_id: str, client_secret: str | None) -> Any:
    return OAuth().register(
        "city",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "timeout": _TIMEOUT},
    )


def _return_address(settings: Settings) -> str:
    return f"{settings.resolved_public_url()}/console/login/city/return"


def _signer(keys: Keys) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(keys.signing, salt=_SALT)
