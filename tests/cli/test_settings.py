"""Settings are read once, from where they should be, and nothing is half understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquaint.settings import SettingsError, read, strangers, without_password


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


def _write(data: Path, text: str) -> None:
    (data / "acquaint.toml").write_text(text)


def test_a_flag_comes_before_a_variable_before_the_file_before_the_default(data: Path) -> None:
    flags, environ = {"data": data, "port": 1}, {"ACQUAINT_PORT": "2"}
    assert read({"data": data}, {}).port == 8080
    _write(data, "port = 3")
    assert read({"data": data}, {}).port == 3
    assert read({"data": data}, environ).port == 2
    assert read(flags, environ).port == 1
    assert read({"data": data, "port": None}, environ).port == 2, "a flag that was not given says nothing"


def test_the_data_directory_comes_from_the_flag_the_variable_or_the_default(data: Path) -> None:
    assert read({"data": data}, {"ACQUAINT_DATA": "/elsewhere"}).data == data
    assert read({}, {"ACQUAINT_DATA": str(data)}).data == data
    assert read({}, {}).data == Path("acquaint-data")


def test_the_default_database_is_a_file_in_the_data_directory(tmp_path: Path) -> None:
    odd = tmp_path / "with space & % sign"
    settings = read({"data": odd}, {})
    assert settings.is_embedded
    assert settings.database == f"sqlite:///{tmp_path}/with%20space%20%26%20%25%20sign/acquaint.db"
    assert not read({}, {"ACQUAINT_DATABASE_URL": "postgresql://localhost/acquaint"}).is_embedded


def test_lists_are_separated_by_commas_in_variables_and_lists_in_the_file(data: Path) -> None:
    said = read({}, {"ACQUAINT_TRUSTED_PROXIES": "10.0.0.1, 192.168.0.0/16,"}).trusted_proxies
    assert [str(it) for it in said] == ["10.0.0.1/32", "192.168.0.0/16"]
    _write(data, 'trusted_proxies = ["10.0.0.1", "192.168.0.0/16"]\nmetrics_allow = []\nlimits = false')
    in_file = read({"data": data}, {})
    assert in_file.trusted_proxies == said
    assert in_file.metrics_allow == ()
    assert not in_file.limits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", ""),
        ("LIMITS", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("PUBLIC_URL", "chat.example.com"),
        ("PUBLIC_URL", "https://chat.example.com/chat"),
        ("PUBLIC_URL", "https://ann@chat.example.com"),
        ("PUBLIC_URL", "https://chat.example.com:99999"),
        ("TRUSTED_PROXIES", "proxy.example.com"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("METRICS_ALLOW", "everybody"),
        ("DATABASE_URL", "mysql://localhost/acquaint"),
        ("BUS_URL", "https://example.com"),
        ("SMTP_URL", "mail.example.com"),
        ("TLS_CERT", "/some/cert.pem"),
    ],
)
def test_what_cannot_be_understood_stops_the_server_and_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name if name != "TLS_CERT" else "tls_cert and tls_key"):
        read({}, {f"ACQUAINT_{name}": value})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = ", "is not TOML"),
        ("prot = 8080", "sets prot"),
        ('port = "8080x"', "port in"),
        ("port = true", "port in"),
        ("limits = 1", "limits in"),
        ("host = 127", "host in"),
        ("data = '/elsewhere'", "sets data"),
        ("[server]\nport = 1", "sets server"),
        ("trusted_proxies = [1]", "trusted_proxies in"),
    ],
)
def test_a_file_with_a_mistake_is_refused_as_a_whole(data: Path, text: str, says: str) -> None:
    _write(data, text)
    with pytest.raises(SettingsError, match=says):
        read({"data": data}, {})


def test_a_file_that_cannot_be_read_is_not_taken_for_none(data: Path) -> None:
    (data / "acquaint.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read({"data": data}, {})
    (data / "acquaint.toml").rmdir()
    (data / "acquaint.toml").write_bytes(b"host = '\xff'")
    with pytest.raises(SettingsError, match="cannot be read"):
        read({"data": data}, {})


def test_a_password_in_an_address_is_never_shown() -> None:
    environ = {
        "ACQUAINT_DATABASE_URL": "postgresql://acquaint:hunter2@db/acquaint",
        "ACQUAINT_BUS_URL": "redis://:hunter2@bus",
        "ACQUAINT_SMTP_URL": "smtp://acquaint:hunter2@mail",
    }
    assert "hunter2" not in repr(read({}, environ))
    with pytest.raises(SettingsError) as refused:
        read({}, {"ACQUAINT_SMTP_URL": "stmp://acquaint:hunter2@mail"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://acquaint:p@ss:w/ord@db:5432/acquaint", "postgresql://acquaint:***@db:5432/acquaint"),
        ("postgresql://acquaint@db/acquaint?password=hunter2", "postgresql://acquaint@db/acquaint"),
        ("redis://:hunter2@bus:6379/0", "redis://:***@bus:6379/0"),
        ("sqlite:////var/lib/acquaint.db", "sqlite:////var/lib/acquaint.db"),
    ],
)
def test_addresses_are_shown_without_their_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_variables_that_only_look_like_settings_are_found() -> None:
    assert strangers({"ACQUAINT_PROT": "1", "ACQUAINT_PORT": "1", "ACQUAINT_DATA": "x", "HOME": "/"}) == [
        "ACQUAINT_PROT"
    ]
