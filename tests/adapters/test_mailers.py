"""Mails: the promises of ``ports.mail``, over a real SMTP server and into a folder."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from acquaint.adapters.outbox import OutboxMailer
from acquaint.adapters.smtp import MailServer, SmtpMailer
from acquaint.ports.mail import Mail, Mailer, MailNotSent
from tests.support.certificates import Authority

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SENDER = "Zoé's Chat <chat@acme.example>"
HELLO = Mail(
    "ann@example.com", "A new password for Zoé", "Choose it here: https://x.example/#t=1\n", "<p>Choose <b>it</b></p>\n"
)


class Postbox:
    """A mail server that keeps what it takes."""

    def __init__(self, **answers: str) -> None:
        self.taken: list[tuple[str, list[str], bytes, list[str]]] = []
        self._answers = answers
        self.was_encrypted = False
        self.helos: list[str] = []

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.helos.append(hostname)
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "rcpt" in self._answers:
            return self._answers["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.was_encrypted = session.ssl is not None
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, envelope.mail_options))
        return self._answers.get("data", "250 OK")

    @property
    def letters(self) -> list[EmailMessage]:
        return [read(content) for _, _, content, _ in self.taken]


def read(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.SMTPUTF8)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert isinstance(part, EmailMessage)
    text: str = part.get_content()
    return text


Serve = Callable[..., Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """``await serve(postbox)`` runs it as a mail server and answers its address, host:port."""
    running: list[asyncio.Server] = []

    async def start(
        postbox: Postbox, *, hostname: str = "127.0.0.1", ssl_context: ssl.SSLContext | None = None, **options: Any
    ) -> str:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(postbox, loop=loop, hostname="mail.example", **options), hostname, 0, ssl=ssl_context
        )
        running.append(server)
        return f"{hostname}:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in running:
        server.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def mailer(url: str, tls: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(url, SENDER, clock=lambda: NOON, tls=tls)


def check_hello(letter: EmailMessage) -> None:
    assert letter["From"] == SENDER
    assert letter["To"] == "ann@example.com"
    assert letter["Subject"] == "A new password for Zoé"
    assert letter["Date"].datetime == NOON
    assert letter["Message-ID"].endswith("@acme.example>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "multipart/alternative"
    assert body(letter, "plain").replace("\r\n", "\n") == HELLO.text
    assert body(letter, "html").replace("\r\n", "\n") == HELLO.html


# Over SMTP


async def test_a_mail_arrives_as_text_and_as_html(serve: Serve) -> None:
    postbox = Postbox()
    await mailer(f"smtp://{await serve(postbox)}").send(HELLO)
    (taken,) = postbox.taken
    assert taken[:2] == ("chat@acme.example", ["ann@example.com"])
    assert taken[2].isascii()
    check_hello(postbox.letters[0])
    assert postbox.helos == ["acme.example"]


async def test_starttls_is_required_where_the_address_says_so(serve: Serve, authority: Authority) -> None:
    postbox, plain = Postbox(), Postbox()
    where = await serve(postbox, hostname="localhost", tls_context=authority.server("localhost"), require_starttls=True)
    await mailer(f"smtp://{where}?starttls=required", authority.client()).send(HELLO)
    assert postbox.was_encrypted
    with pytest.raises(MailNotSent):
        await mailer(f"smtp://{await serve(plain)}?starttls=required", authority.client()).send(HELLO)
    assert plain.taken == []


async def test_starttls_is_taken_where_it_is_offered_if_the_address_says_so(serve: Serve, authority: Authority) -> None:
    encrypted, plain = Postbox(), Postbox()
    where = await serve(encrypted, hostname="localhost", tls_context=authority.server("localhost"))
    await mailer(f"smtp://{where}?starttls=offered", authority.client()).send(HELLO)
    await mailer(f"smtp://{await serve(plain)}?starttls=offered", authority.client()).send(HELLO)
    assert encrypted.was_encrypted
    assert not plain.was_encrypted


async def test_a_server_with_a_strangers_certificate_gets_nothing(serve: Serve, authority: Authority) -> None:
    postbox = Postbox()
    where = await serve(postbox, hostname="localhost", tls_context=authority.server("mail.evil.example"))
    for url, tls in (
        (f"smtp://{where}?starttls=required", authority.client()),
        (f"smtp://{where}?starttls=required", None),
    ):
        with pytest.raises(MailNotSent):
            await mailer(url, tls).send(HELLO)
    assert postbox.taken == []


async def test_smtps_is_encrypted_from_the_start(serve: Serve, authority: Authority) -> None:
    postbox = Postbox()
    where = await serve(postbox, hostname="localhost", ssl_context=authority.server("localhost"))
    await mailer(f"smtps://{where}", authority.client()).send(HELLO)
    check_hello(postbox.letters[0])


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_user_and_password_of_the_address_are_shown_to_the_server(serve: Serve) -> None:
    postbox, shown = Postbox(), []

    def authenticator(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        shown.append(data)
        return AuthResult(success=data == LoginPassword(b"chat@acme", b"p@ss:w/rd"), handled=False)

    where = await serve(postbox, authenticator=authenticator, auth_required=True, auth_require_tls=False)
    await mailer(f"smtp://chat%40acme:p%40ss%3Aw%2Frd@{where}").send(HELLO)
    assert len(postbox.taken) == 1
    with pytest.raises(MailNotSent) as refusal:
        await mailer(f"smtp://chat%40acme:wrong@{where}").send(HELLO)
    assert "wrong" not in str(refusal.value)


@pytest.mark.parametrize(
    "answers", [{"rcpt": "550 no such user"}, {"data": "451 try later"}, {"rcpt": "421 shutting down"}]
)
async def test_a_mail_that_the_server_refuses_was_not_sent(serve: Serve, answers: dict[str, str]) -> None:
    with pytest.raises(MailNotSent) as refusal:
        await mailer(f"smtp://{await serve(Postbox(**answers))}").send(HELLO)
    assert "ann@" not in str(refusal.value)


async def test_a_server_that_is_not_there_or_says_nothing_or_nonsense_sends_nothing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up
        writer.close()

    async def babbling(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    for talk in (silent, babbling):
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        for caps in ((0.1, 10.0), (10.0, 0.1)):
            with pytest.raises(MailNotSent):
                await SmtpMailer(f"smtp://127.0.0.1:{port}", SENDER, answers_within=caps[0], sent_within=caps[1]).send(
                    HELLO
                )
        server.close()
        with pytest.raises(MailNotSent):
            await mailer(f"smtp://127.0.0.1:{port}").send(HELLO)


async def test_addresses_in_other_scripts_reach_servers_that_can_read_them(serve: Serve) -> None:
    postbox, ascii_only = Postbox(), Postbox()
    for_all = mailer(f"smtp://{await serve(postbox, enable_SMTPUTF8=True)}")
    await for_all.send(Mail("ann@straße.example", "S", "T", "H"))
    await for_all.send(Mail("zoé@straße.example", "S", "T", "H"))
    assert [it[1] for it in postbox.taken] == [["ann@xn--strae-oqa.example"], ["zoé@xn--strae-oqa.example"]]
    assert postbox.letters[1]["To"] == "zoé@xn--strae-oqa.example"
    with pytest.raises(MailNotSent):
        await mailer(f"smtp://{await serve(ascii_only, enable_SMTPUTF8=False)}").send(
            Mail("zoé@example.com", "S", "T", "H")
        )
    assert ascii_only.taken == []


# Whatever the way


Sent = tuple[Mailer, Callable[[], list[EmailMessage]]]


@pytest.fixture(params=["smtp", "outbox"])
async def sent(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Sent:
    if request.param == "smtp":
        postbox = Postbox()
        return mailer(f"smtp://{await serve(postbox)}"), lambda: postbox.letters
    outbox = tmp_path / "outbox"
    return OutboxMailer(outbox, SENDER, clock=lambda: NOON), lambda: [
        read(it.read_bytes()) for it in sorted(outbox.glob("*"))
    ]


async def test_what_is_sent_is_what_arrives(sent: Sent) -> None:
    await sent[0].send(HELLO)
    (letter,) = sent[1]()
    check_hello(letter)


async def test_a_subject_cannot_add_a_header_or_a_body(sent: Sent) -> None:
    nasty = "Hello\r\nBcc: eve@example.com\r\n\r\nClick here\u2028X-Evil: 1\0"
    await sent[0].send(Mail("ann@example.com", nasty, "text", "html"))
    (letter,) = sent[1]()
    assert letter["Bcc"] is None
    assert letter["X-Evil"] is None
    assert letter["Subject"] == "Hello Bcc: eve@example.com Click here X-Evil: 1"
    assert body(letter, "plain").strip() == "text"


@pytest.mark.parametrize(
    "to",
    [
        "", "ann", "@example.com", "ann@", "ann@example.com, eve@example.com", "ann@example.com;eve@example.com",
        "Ann <ann@example.com>", "ann@example.com\r\nBcc: eve@example.com", "ann@example.com\nRCPT TO:<eve>",
        "ann @example.com", '"ann eve"@example.com', "ann@[127.0.0.1]", "ann(comment)@example.com", "ann\0@example.com",
        "ann@exa\u200bmple.com", "ann\ud800@example.com",
    ],
)  # fmt: skip
async def test_what_is_not_exactly_one_address_gets_no_mail(sent: Sent, to: str) -> None:
    with pytest.raises(MailNotSent):
        await sent[0].send(Mail(to, "Hello", "text", "html"))
    assert sent[1]() == []


async def test_texts_of_all_sorts_arrive_as_they_are(sent: Sent) -> None:
    text = "From the start\n.\n..dots\n" + "long " * 400 + "\nZoé 😀\n\n-- \nbye\n"
    await sent[0].send(Mail("ann@example.com", "😀" * 60, text, f"<p>{text}</p>\n"))
    (letter,) = sent[1]()
    assert letter["Subject"] == "😀" * 60
    assert body(letter, "plain").replace("\r\n", "\n") == text
    assert body(letter, "html").replace("\r\n", "\n") == f"<p>{text}</p>\n"


# The folder


async def test_the_outbox_is_private_and_sorted_by_time(tmp_path: Path) -> None:
    times = iter([datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC), NOON])
    outbox = OutboxMailer(tmp_path / "data" / "outbox", clock=lambda: next(times))
    await outbox.send(Mail("late@example.com", "S", "T", "H"))
    await outbox.send(Mail("early@example.com", "S", "T", "H"))
    files = sorted((tmp_path / "data" / "outbox").iterdir())
    assert [read(it.read_bytes())["To"] for it in files] == ["early@example.com", "late@example.com"]
    assert all(it.name.startswith("20260101T120000.") and it.suffix == ".eml" for it in files)
    assert (tmp_path / "data" / "outbox").stat().st_mode & 0o777 == 0o700
    assert all(it.stat().st_mode & 0o777 == 0o600 for it in files)


async def test_an_outbox_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file is in the way")
    with pytest.raises(MailNotSent):
        await OutboxMailer(tmp_path / "outbox").send(HELLO)


# The address of the server


def test_the_address_of_a_mail_server_is_read_with_safe_defaults() -> None:
    assert MailServer.at("smtp://mail.example").starttls == "required"
    assert MailServer.at("smtp://mail.example").port == 587
    assert MailServer.at("smtps://mail.example").port == 465
    assert MailServer.at("smtp://u:p@mail.example:25?starttls=never").starttls == "never"
    assert MailServer.at("smtp://localhost:1025").starttls == "never"
    assert MailServer.at("smtp://[::1]:1025").host == "::1"
    assert "hush" not in repr(MailServer.at("smtp://u:hush@mail.example"))


@pytest.mark.parametrize(
    "url",
    [
        "", "mail.example", "http://mail.example", "smtp://", "smtp://mail.example/path", "smtp://:hush@mail.example",
        "smtp://u:hush@mail.example?starttls=maybe", "smtps://u:hush@mail.example?starttls=required",
        "smtp://u:hush@mail.example?verify=no", "smtp://u:hush@mail.example:port",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_meant_is_refused_and_its_password_not_told(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        MailServer.at(url)
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("sender", ["", "Acme", "a@example.com, b@example.com", "Acme <>", "Acme <chat@example.com"])
def test_a_sender_that_is_none_is_refused_at_the_start(sender: str) -> None:
    with pytest.raises(ValueError, match="sender"):
        SmtpMailer("smtp://localhost", sender)
