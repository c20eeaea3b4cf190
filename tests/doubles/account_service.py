"""A city's account service (OpenID Connect Core 1.0 over real HTTP): strict about redirect, client and PKCE, and able to lie on command."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "jsjb", "the-clients-secret"


class AccountService:
    """``username`` is who logs in next; ``lies`` overrides claims of the next ID token; ``forge`` signs it with a foreign key."""

    def __init__(self) -> None:
        self.url = ""
        self.username = "supervisor"
        self.lies: dict[str, Any] = {}
        self.forge = False
        self.down = False
        self._key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self._codes: dict[str, dict[str, str]] = {}

    def authorize(self, url: str) -> tuple[str, str]:
        """Log ``username`` in as their browser would at ``url``; return state and code that it is sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return asked["state"], code

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Return the tokens for a code, once, to the client that asked for it; None if anything doesn't fit."""
        asked = self._codes.pop(form.get("code", ""), None)
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != basic or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        if challenge != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "17", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        claims |= {"preferred_username": self.username, **self.lies}
        key = RSAKey.generate_key(2048, {"kid": "k1"}) if self.forge else self._key
        return {"access_token": "a", "token_type": "Bearer", "id_token": jwt.encode({"alg": "RS256", "kid": "k1"}, claims, key)}

    def document(self, path: str) -> dict[str, Any] | None:
        """Return what stands at ``path``."""
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            },
            "/keys": {"keys": [self._key.as_dict(private=False)]},
        }
        return documents.get(path)


@contextmanager
def account_service() -> Iterator[AccountService]:
    """Run one on a free port."""
    service = AccountService()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(service.document(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(service.token(form, self.headers.get("authorization", "")), 400)

        def _answer(self, document: dict[str, Any] | None, otherwise: int = 404) -> None:
            status = 503 if service.down else 200 if document is not None else otherwise
            data = json.dumps(document if status == 200 else {"error": "invalid_grant"}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
