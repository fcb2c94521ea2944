"""``acquaint doctor``: looks at everything that has to be right, and says what to do about what is not."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import click

from ..settings import Settings, strangers, without_password
from .frame import logs_on_stderr, settings_of, show

FILE_BYTES: Final = "file_bytes"
LONGEST_WAIT: Final = 3.0  # seconds for what should answer at once
LOOKS: Final = 50  # in this time
FEWEST_FILES: Final = 4096  # each connection is an open file
LEAST_SPACE: Final = 1 << 30  # bytes; below, an operator wants to know
NOT_FOR_SQLITE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "virtiofs"})


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it is right, and if not what to do. ``good`` is fine, ``bad`` must be changed."""

    check: str
    state: str  # good, doubtful or bad
    says: str
    do: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output, nothing else.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check the directory, the settings and what they name. The exit code is 1 when something must be changed."""
    settings = settings_of(context)
    logs_on_stderr()
    findings = list(_findings(settings))
    if as_json:
        show({"findings": [asdict(it) for it in findings]}, as_json=True)
    else:
        for it in findings:
            click.secho(f"{it.state:<9} {it.check}: {it.says}", fg={"bad": "red", "doubtful": "yellow"}.get(it.state))
            if it.do:
                click.echo(f"{'':<9} → {it.do}")
    if any(it.state == "bad" for it in findings):
        context.exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield from _folder(settings)
    yield from _names(settings)
    yield from _database(settings)
    yield from _mail(settings)
    yield from _outbound(settings)
    yield from _addresses(settings)
    yield from _machine(settings)
    if not settings.limits:
        yield Finding("limits", "bad", "are off: anybody may guess passwords", "remove ACQUAINT_LIMITS")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    if not folder.is_dir():
        yield Finding("data", "bad", f"{folder} is not there", "run `acquaint init`")
        return
    for path in (folder, settings.config, *folder.glob("acquaint.db*"), *folder.glob("secret.keys*")):
        if not path.exists():
            continue
        state = path.stat()
        if state.st_uid != os.geteuid():
            yield Finding("data", "bad", f"{path} belongs to another user", f"chown it to the user {os.geteuid()}")
        elif stat.S_IMODE(state.st_mode) & 0o077:
            yield Finding("data", "bad", f"{path} can be read by others", f"chmod go-rwx {path}")
    kind = _file_system(folder)
    if settings.is_embedded and kind in NOT_FOR_SQLITE:
        yield Finding(
            "data", "bad", f"is on {kind}, where SQLite can lose what it wrote", "use a local disk, or PostgreSQL"
        )
    if (free := shutil.disk_usage(folder).free) < LEAST_SPACE:
        yield Finding("data", "doubtful", f"only {free >> 20} MiB are free", "make room")
    yield Finding("data", "good", f"{folder.absolute()} is there")


def _names(settings: Settings) -> Iterator[Finding]:
    for name in strangers():
        yield Finding("settings", "doubtful", f"{name} looks like a setting and is none", "correct it, or remove it")
    yield Finding("settings", "good", f"read from {settings.config}" if settings.config.exists() else "no file")


def _database(settings: Settings) -> Iterator[Finding]:
    """And the bus, which is there while the database is looked at."""
    from ..bootstrap import NotReady, open_core
    from ..services import sealing, upkeep

    async def look() -> tuple[bool, Mapping[str, int], Counter[str | None], set[str]]:
        async with open_core(
            replace(settings, outbound_allow=()), without_keys=True
        ) as core:  # that one is looked at by itself
            sizes, sealed = await upkeep.sizes(core), await sealing.count(core)
            missing = {it for it in sealed if it and not core.sealing.knows(it)} | {*await sealing.missing(core)}
            for _ in range(LOOKS):
                if core.bus.is_whole:
                    return True, sizes, sealed, missing
                await asyncio.sleep(LONGEST_WAIT / LOOKS)
            return core.bus.is_whole, sizes, sealed, missing

    where = without_password(settings.database)
    try:
        is_whole, sizes, sealed, missing = asyncio.run(look())
    except NotReady as error:
        yield Finding("database", "bad", f"{where} cannot be used", str(error))
        return
    yield Finding("database", "good", f"{where} answers, and its schema is this version's")
    yield Finding("sizes", "good", _said(sizes))
    yield _secrets(sealed, missing)
    over = without_password(settings.bus_url) or ("this process alone" if settings.is_embedded else "the database")
    if is_whole:
        yield Finding("bus", "good", f"over {over}")
    else:
        yield Finding("bus", "bad", f"{over} does not answer", "start it, or correct ACQUAINT_BUS_URL")


def _secrets(sealed: Counter[str | None], missing: set[str]) -> Finding:
    if missing:
        says = f"{sum(sealed[it] for it in missing)} are sealed with {', '.join(sorted(missing))}, which is not here"
        return Finding("secrets", "bad", says, "put the key back; if it is lost: docs/operations, Keys")
    if clear := sealed[None]:
        return Finding("secrets", "doubtful", f"{clear} are in clear", "`acquaint sealing reseal`")
    if len(sealed) > 1:
        return Finding("secrets", "doubtful", f"are sealed with {len(sealed)} keys", "`acquaint sealing reseal`")
    return Finding("secrets", "good", f"{sum(sealed.values())}, all of them sealed")


def _said(sizes: Mapping[str, int]) -> str:
    from ..ports.store.upkeep import COUNTED

    rows = [f"{name} {f'{COUNTED:,} or more' if count >= COUNTED else f'{count:,}'}" for name, count in sizes.items()]
    return (
        ", ".join(it for it in rows if not it.startswith(FILE_BYTES)) + f"; files take {sizes[FILE_BYTES] >> 20:,} MiB"
    )


def _mail(settings: Settings) -> Iterator[Finding]:
    if not settings.smtp_url:
        outbox = settings.data / "outbox"
        yield Finding("mail", "doubtful", f"is written to {outbox}, not sent", "set ACQUAINT_SMTP_URL")
        return
    if not settings.mail_from:
        yield Finding("mail", "doubtful", f"comes from {settings.sender}", "set ACQUAINT_MAIL_FROM")
    where = without_password(settings.smtp_url)
    try:
        _greet(settings.smtp_url)
    except (OSError, ValueError) as error:
        yield Finding("mail", "bad", f"{where} takes no mail: {error}", "start it, or correct ACQUAINT_SMTP_URL")
    else:
        yield Finding("mail", "good", f"{where} answers")


def _greet(url: str) -> None:
    """As far as a mail server goes with anybody. Errors of SMTP are OSErrors."""
    import smtplib

    from ..adapters.smtp import MailServer

    server = MailServer.at(url)
    kind = smtplib.SMTP_SSL if server.is_encrypted else smtplib.SMTP
    with kind(server.host, server.port, timeout=LONGEST_WAIT) as greeted:
        greeted.ehlo_or_helo_if_needed()


def _outbound(settings: Settings) -> Iterator[Finding]:
    from ..adapters.guard import Guard

    try:
        Guard(settings.outbound_allow)
    except ValueError as error:
        yield Finding("outbound", "bad", str(error), "correct ACQUAINT_OUTBOUND_ALLOW")


def _addresses(settings: Settings) -> Iterator[Finding]:
    url = settings.public_url
    if not url:
        says = f"is not set; links begin with {settings.public}"
        yield Finding("public url", "doubtful", says, "set ACQUAINT_PUBLIC_URL to what users see")
    elif not url.startswith("https:"):
        yield Finding("public url", "doubtful", f"{url} is not https", "put TLS in front, and say https")
    else:
        yield Finding("public url", "good", url)
    if url.startswith("https:") and not settings.tls_cert and not settings.trusted_proxies:
        says = "none is trusted, so everybody seems to come from the one in front, and limits hit all of them together"
        yield Finding("proxies", "bad", says, "set ACQUAINT_TRUSTED_PROXIES")


def _machine(settings: Settings) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FEWEST_FILES:
        yield Finding("open files", "doubtful", f"at most {soft}", f"raise it (ulimit -n; the hard limit is {hard})")
    else:
        yield Finding("open files", "good", f"at most {soft}")
    newest = max((it.stat().st_mtime for it in settings.data.glob("acquaint.db*")), default=0.0)
    if newest > time.time() + 60:
        yield Finding("clock", "bad", "is behind: the database was written in its future", "set the clock, and keep it")
    elif time.time() < _BUILT:
        yield Finding("clock", "bad", "is before this version was made", "set the clock, and keep it")
    else:
        yield Finding("clock", "good", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


_BUILT: Final = 1_767_225_600  # 2026-01-01: a clock before this was never set


def _file_system(folder: Path) -> str:
    """The kind of file system the folder is on; empty where nobody tells."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    whole = str(folder.resolve()) + "/"
    found = [(len(it[1]), it[2]) for it in mounts if whole.startswith(it[1].rstrip("/") + "/")]
    return max(found, default=(0, ""))[1]
