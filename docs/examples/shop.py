"""A tiny shop with the chat in it, in Python and nothing else. See ../quickstart-web.md.

login_token    what the shop signs for whoever is logged in
is_genuine     whether a webhook came from our Acquaint
page, Shop     the shop itself: / , /login, /logout and /hooks
"""

import base64
import hashlib
import hmac
import html
import json
import os
import re
import secrets
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CHAT = os.environ["ACQUAINT_URL"]
SIGNING_SECRET = os.environ["ACQUAINT_SIGNING_SECRET"]
WEBHOOK_SECRET = os.environ.get("ACQUAINT_WEBHOOK_SECRET", "")
CUSTOMERS = {"42": "Ann Archer", "43": "Ben Baker"}
logged_in = {}  # by cookie: the customer's id


def login_token(customer_id, name):
    """A JWT, HS256. Any library for JWTs does the same."""

    def base64url(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"externalId": customer_id, "name": name, "iat": int(time.time())}
    signed = ".".join(base64url(json.dumps(it).encode()) for it in (header, claims))
    return f"{signed}.{base64url(hmac.digest(SIGNING_SECRET.encode(), signed.encode(), hashlib.sha256))}"


def is_genuine(headers, body):
    """Standard Webhooks: the signature is over the bytes that came."""
    sent_at = headers.get("webhook-timestamp", "")
    if not WEBHOOK_SECRET or not re.fullmatch("[0-9]{1,12}", sent_at) or abs(time.time() - int(sent_at)) > 300:
        return False
    key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), it.encode()) for it in given)


def page(customer_id):
    if customer_id in CUSTOMERS:
        name = CUSTOMERS[customer_id]
        who = f'{html.escape(name)} <form method="post" action="/logout"><button>Log out</button></form>'
        token = login_token(customer_id, name)
    else:
        buttons = (f'<button name="id" value="{id}">Log in as {name}</button>' for id, name in CUSTOMERS.items())
        who, token = f'<form method="post" action="/login">{" ".join(buttons)}</form>', ""
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Teapots</title>
<h1>Teapots</h1>
{who}
<script type="module" src="{html.escape(CHAT)}/widget.js"></script>
<acquaint-chat app="acme" token="{token}"></acquaint-chat>
"""


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        cookie = SimpleCookie(self.headers.get("Cookie", ""))
        known = logged_in.get(cookie["shop"].value) if "shop" in cookie else None
        self.answer(200, page(known), ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/login":  # a real shop asks for a password here
            cookie = secrets.token_urlsafe()
            logged_in[cookie] = parse_qs(body.decode()).get("id", [""])[0]
            self.answer(303, "", ("Location", "/"), ("Set-Cookie", f"shop={cookie}; HttpOnly; SameSite=Lax"))
        elif self.path == "/logout":
            self.answer(303, "", ("Location", "/"), ("Set-Cookie", "shop=; Max-Age=0"))
        elif self.path == "/hooks" and is_genuine(self.headers, body):
            said = json.loads(body)
            print(said["type"], (said["data"].get("message") or {}).get("text"), flush=True)
            self.answer(204, "")
        else:
            self.answer(400, "")

    def answer(self, status, text, *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "3000"))
    print(f"http://127.0.0.1:{port}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Shop).serve_forever()
