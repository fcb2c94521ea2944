"""A support bot beside Acme's backend: it answers whoever writes, and listens as one customer.

python support_bot.py https://chat.example.com acme acqk_…
"""

from __future__ import annotations

import sys

from acquaint_client import Client, Done, Failed, Identifiers, MemoryStore, ServerClient, StaleToken, Store, attempt
from acquaint_client.live import LiveEvent
from acquaint_client.models import Message, Page, User


def main(url: str, app: str, api_key: str) -> None:
    with ServerClient(url, api_key) as backend:
        user = greet(backend)
        secret = backend.rotate_secret(grace_seconds=3600).text
        token = backend.sign_login(secret, external_id="42", name=user.name)
        print(talk(url, app, token, backend))
        backend.delete_user(user.id)


def greet(backend: ServerClient) -> User:
    known = backend.put_user(Identifiers(external_id="42", email="ann@example.com"), name="Ann", tags=["vip"])
    return known.user


def talk(url: str, app: str, token: str, backend: ServerClient) -> str:
    store: Store = MemoryStore()
    with Client(url, app, store=store) as customer:
        match attempt(lambda: customer.log_in(token)):
            case Failed(StaleToken() as stale):
                return f"compare the clocks: {stale.skew}"
            case Failed(error):
                return f"{error.code}: {error.detail}"
            case Done(admission):
                print("logged in as", admission.session.user_id)
        conversation = customer.start_conversation("Where is my order?")
        with customer.live() as live:
            answered: Message = backend.answer(conversation.id, "It is on its way.")
            for news in live:
                if isinstance(news, LiveEvent) and news.message is not None and news.message.id == answered.id:
                    break
        said: Page[Message] = customer.history(conversation.id, order="oldest")
        customer.log_out()
        return " / ".join(it.text for it in said.items)


if __name__ == "__main__":
    main(*sys.argv[1:4])
