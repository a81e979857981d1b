"""A small OAuth 2 server on loopback: authorizes at once (with PKCE), gives refresh tokens that change with each
use, access tokens that live as long as a test says, and tells a mail server which of them hold."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "posthaste-test", "client secret"
# Below what a client waits for an answer.
OUTRUN_SECONDS_MAX = 15


class OAuthServer:
    """`user` is who grants. After revoke() no refresh token holds. Ends with close()."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.lifetime_s = 3600
        self.is_revoked = False
        self.codes: dict[str, dict[str, str]] = {}
        self.refresh_tokens: set[str] = set()
        self.access_tokens: dict[str, float] = {}
        self.refreshes = 0
        self.outrun = 0
        self.lock = threading.Lock()
        # Set: who refreshes next waits until somebody else has done it, too.
        self.is_outrun = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                outer.authorize(self)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                words = {name: values[0] for name, values in form.items()}
                status, answer = outer.introspect(words) if self.path == "/introspect" else outer.grant(words)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def revoke(self) -> None:
        """The owner withdraws the permission: refresh tokens and access tokens are of no use any more."""
        with self.lock:
            self.is_revoked = True
            self.access_tokens.clear()

    def authorize(self, handler: BaseHTTPRequestHandler) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        assert query["client_id"] == CLIENT_ID and query["code_challenge_method"] == "S256", query
        handler.send_response(302)
        handler.send_header("Location", query["redirect_uri"] + "?" + urlencode({"code": code,
                                                                               "state": query["state"]}))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def grant(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Before revoke() or after it, never in its middle."""
        with self.lock:
            is_outrun = form["grant_type"] == "refresh_token" and self.is_outrun.is_set()
            if is_outrun:
                self.is_outrun.clear()
            before = self.refreshes
        if is_outrun:
            self.let_another_pass(before)
        with self.lock:
            return self.token(form)

    def let_another_pass(self, before: int) -> None:
        end = time.monotonic() + OUTRUN_SECONDS_MAX
        while self.refreshes == before and time.monotonic() < end:
            time.sleep(0.05)
        self.outrun += self.refreshes > before

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if not asked or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
                return 400, {"error": "invalid_grant"}
        elif self.is_revoked or form["refresh_token"] not in self.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        else:
            self.refreshes += 1
            self.refresh_tokens.discard(form["refresh_token"])
        refresh, access = "r." + secrets.token_urlsafe(20), "a." + secrets.token_urlsafe(20)
        self.refresh_tokens.add(refresh)
        self.access_tokens[access] = time.monotonic() + self.lifetime_s
        return 200, {"access_token": access, "refresh_token": refresh, "expires_in": self.lifetime_s,
                     "token_type": "Bearer"}

    def introspect(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        until = self.access_tokens.get(form.get("token", ""), 0)
        return 200, {"active": time.monotonic() < until, "username": self.user}
