"""Which setting wins, and what is said of one that cannot be used?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codesession.config import (
    CONNECT_TIMEOUT_S,
    IDLE_TIMEOUT_S,
    AlertsConfig,
    CacheConfig,
    Config,
    RunawayConfig,
    read_config,
)
from codesession.errors import InvalidInput


def configured(home: Path, text: str | bytes | None = None, **environ: str) -> Config:
    """The settings with `text` as the config file of `home`."""
    if text is not None:
        folder = home / ".codesession"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_config({"HOME": str(home), **environ})


def test_without_any_setting_the_defaults_hold_and_nothing_is_made(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert config.data_dir == tmp_path / ".codesession"
    assert config.database == tmp_path / ".codesession" / "sessions.db"
    assert (config.durable, dict(config.upstreams)) == (False, {})
    assert (config.connect_timeout_s, config.idle_timeout_s) == (CONNECT_TIMEOUT_S, IDLE_TIMEOUT_S) == (10.0, 600.0)
    assert config.environ == {"HOME": str(tmp_path)}
    assert config.timezone is None
    assert config.alerts == AlertsConfig(webhook=None, shape=None, desktop=True)
    assert config.runaway == RunawayConfig("warn", None, None, None, None, None, 300)
    assert config.cache == CacheConfig(is_enabled=False, ttl_s=86_400, max_mb=256)
    assert dict(config.providers) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "data_dir", "database"),
    [
        pytest.param({}, "h/.codesession", "h/.codesession/sessions.db", id="home"),
        pytest.param({"COSTHQ_DATA_DIR": "c"}, "c", "c/sessions.db", id="the-other-variable"),
        pytest.param({"CODESESSION_DB_PATH": "d/x.db"}, "h/.codesession", "d/x.db", id="a-file"),
        pytest.param({"CODESESSION_DB_PATH": "d/x.db", "COSTHQ_DATA_DIR": "c"}, "c", "d/x.db", id="the-file-wins"),
        pytest.param(
            {"CODESESSION_DB_PATH": "", "COSTHQ_DATA_DIR": ""},
            "h/.codesession",
            "h/.codesession/sessions.db",
            id="empty-is-unset",
        ),
    ],
)
def test_where_the_ledger_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], data_dir: str, database: str
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_config({"HOME": "h", **environ})
    assert (config.data_dir, config.database) == (tmp_path / data_dir, tmp_path / database)


def test_the_profile_of_windows_is_a_home(tmp_path: Path) -> None:
    assert read_config({"USERPROFILE": str(tmp_path)}).data_dir == tmp_path / ".codesession"
    assert read_config({"HOME": "", "USERPROFILE": str(tmp_path)}).data_dir == tmp_path / ".codesession"


def test_without_any_home_the_system_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert read_config({}).data_dir == tmp_path / ".codesession"


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert configured(tmp_path, CODESESSION_DB_PATH="~/my/l.db").database == tmp_path / "my" / "l.db"
    assert configured(tmp_path, COSTHQ_DATA_DIR="~/my").data_dir == tmp_path / "my"


@pytest.mark.skipif(sys.platform == "win32", reason="it knows no other users by a tilde")
@pytest.mark.parametrize("variable", ["CODESESSION_DB_PATH", "COSTHQ_DATA_DIR"])
def test_the_home_of_nobody_leads_nowhere(tmp_path: Path, variable: str) -> None:
    with pytest.raises(InvalidInput, match=f"{variable}: '~nobody-of-that-name/l.db' leads nowhere"):
        configured(tmp_path, **{variable: "~nobody-of-that-name/l.db"})


@pytest.mark.skipif(sys.platform == "win32", reason="it keeps the current directory from being deleted")
def test_a_relative_path_in_a_directory_that_is_gone_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(InvalidInput, match=r"CODESESSION_DB_PATH: 'l\.db' leads nowhere"):
        configured(tmp_path, CODESESSION_DB_PATH="l.db")


def test_the_file_sets_everything(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        """
        durability = "full"
        something_of_a_later_version = 1
        [proxy]
        connect_timeout = 2.5
        idle_timeout = 60
        [upstreams]
        anthropic = "https://gateway.example/anthropic"
        mine = "http://127.0.0.1:8000"
        """,
    )
    assert (config.durable, config.connect_timeout_s, config.idle_timeout_s) == (True, 2.5, 60.0)
    assert config.upstreams == {"anthropic": "https://gateway.example/anthropic", "mine": "http://127.0.0.1:8000"}


def test_the_file_sets_what_the_firewall_does(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        """
        timezone = "Europe/Berlin"
        [alerts]
        webhook = "https://example.org:8443/alerts?key=secret"
        webhook_shape = "discord"
        desktop = false
        of_a_later_version = 1
        [runaway]
        action = "pause"
        dollars_per_minute = 2.3
        same_request = 5
        same_tool_call = 8
        errors = 0
        file_churn = 20
        wait = 60
        [cache]
        enabled = true
        ttl = 3600
        max_mb = 10
        """,
    )
    assert config.timezone == "Europe/Berlin"
    assert config.alerts == ("https://example.org:8443/alerts?key=secret", "discord", False)
    assert config.runaway == ("pause", 2_300_000_000, 5, 8, 0, 20, 60)
    assert config.cache == (True, 3600, 10)


@pytest.mark.parametrize(
    ("dollars", "nanos"),
    [
        ("0", 0),
        ("0.0", 0),
        ("1", 10**9),
        ("0.1", 10**8),
        ("1e-9", 1),
        ("1000000000", 10**18),
        ("12.34", 12_340_000_000),
    ],
)
def test_dollars_are_read_exactly(tmp_path: Path, dollars: str, nanos: int) -> None:
    config = configured(tmp_path, f"[runaway]\ndollars_per_minute = {dollars}\n")
    assert config.runaway == RunawayConfig(nanos_per_minute=nanos)


@pytest.mark.parametrize(
    ("variable", "webhook"),
    [
        pytest.param("https://variable.example/x", "https://variable.example/x", id="wins"),
        pytest.param(" https://variable.example/x\n", "https://variable.example/x", id="with-what-a-shell-left"),
        pytest.param("", None, id="empty-is-none"),
        pytest.param(" ", None, id="blank-is-none"),
    ],
)
def test_the_variable_of_the_webhook_wins_over_the_file(tmp_path: Path, variable: str, webhook: str | None) -> None:
    text = '[alerts]\nwebhook = "https://file.example/x"\nwebhook_shape = "slack"\n'
    config = configured(tmp_path, text, CODESESSION_WEBHOOK=variable)
    assert config.alerts == AlertsConfig(webhook, "slack")


def test_the_webhook_is_in_no_representation(tmp_path: Path) -> None:
    alerts = configured(tmp_path, '[alerts]\nwebhook = "https://example.org/secret"\n').alerts
    assert repr(alerts) == f"{alerts}" == "AlertsConfig(webhook=…, shape=None, desktop=True)"
    assert repr(AlertsConfig()) == "AlertsConfig(webhook=None, shape=None, desktop=True)"


@pytest.mark.parametrize(
    "address",
    [
        "hooks.slack.com/secret",
        "ftp://example.org/secret",
        "file:///secret",
        "https:///secret",
        "https://ada:secret@example.org/",
        "https://example.org:0/secret",
        "https://example.org:99999/secret",
        "https://example.org:http/secret",
        "https://[::1/secret",
        "https://example.org/a secret",
        "https://example.org/secret\u00e9",
        "https://example.org/secret\u0001",
        "secret",
    ],
)
def test_a_webhook_that_is_no_address_is_refused_and_not_told(tmp_path: Path, address: str) -> None:
    expected = "is not an address; it can be https://… or http://…, without a user name."
    with pytest.raises(InvalidInput) as caught:
        configured(tmp_path, CODESESSION_WEBHOOK=address)
    assert caught.value.message == f"CODESESSION_WEBHOOK {expected}"
    text = "[alerts]\nwebhook = " + json.dumps(address)
    with pytest.raises(InvalidInput) as caught:
        configured(tmp_path, text)
    assert caught.value.message == f"{tmp_path / '.codesession' / 'config.toml'}: alerts.webhook {expected}"


def test_importing_the_settings_loads_nothing_that_is_slow() -> None:
    program = "import sys, codesession.config; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"zoneinfo", "decimal", "tomllib", "urllib.request", "ssl", "codesession.model.money"})


def test_the_file_is_beside_the_data_not_beside_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.toml").write_text('durability = "full"')
    assert read_config({"HOME": str(tmp_path), "COSTHQ_DATA_DIR": str(tmp_path / "other")}).durable
    assert not configured(tmp_path, CODESESSION_DB_PATH=str(tmp_path / "other" / "l.db")).durable


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        '[proxy]\nconnect_timeout = 1\nidle_timeout = 2\n[upstreams]\nopenai = "http://file"\ngroq = "http://file"\n',
        CODESESSION_CONNECT_TIMEOUT="3",
        CODESESSION_IDLE_TIMEOUT="4.5",
        CODESESSION_UPSTREAM_OPENAI="http://variable",
        CODESESSION_UPSTREAM_GROQ="",
    )
    assert (config.connect_timeout_s, config.idle_timeout_s) == (3.0, 4.5)
    assert config.upstreams == {"openai": "http://variable", "groq": "http://file"}


def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path) -> None:
    config = configured(tmp_path, "[proxy]\nidle_timeout = 7\n", CODESESSION_IDLE_TIMEOUT="")
    assert config.idle_timeout_s == 7.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('durability = "most"', 'durability is \'most\'; it can be "normal" or "full"', id="durability"),
        pytest.param("durability = true", "durability is True", id="durability-as-a-switch"),
        pytest.param("durability = [1]", r"durability is \[1\]", id="durability-as-a-list"),
        pytest.param("proxy = 3", r"proxy is not a table; write it as \[proxy\]", id="proxy"),
        pytest.param('upstreams = "x"', r"upstreams is not a table; write it as \[upstreams\]", id="upstreams"),
        pytest.param("[upstreams]\nopenai = 3", "the upstream of openai is not an address in quotes", id="upstream"),
        pytest.param("[proxy]\nidle_timeout = 0", "0 is not a number of seconds above 0", id="no-time"),
        pytest.param("[proxy]\nidle_timeout = -1", "-1 is not a number of seconds above 0", id="negative"),
        pytest.param("[proxy]\nidle_timeout = inf", "inf is not a number of seconds", id="for-ever"),
        pytest.param("[proxy]\nidle_timeout = nan", "nan is not a number of seconds", id="not-a-number"),
        pytest.param("[proxy]\nidle_timeout = []", r"\[\] is not a number of seconds", id="a-list"),
        pytest.param("[proxy]\nconnect_timeout = 'soon'", "'soon' is not a number of seconds", id="a-word"),
        pytest.param(f"[proxy]\nconnect_timeout = 1{'0' * 400}", "is not a number of seconds", id="beyond-all-floats"),
        pytest.param('timezone = "Mars/Base"', "timezone is 'Mars/Base'; it can be a zone such as", id="no-such-zone"),
        pytest.param('timezone = ""', "timezone is ''; it can be a zone", id="empty-zone"),
        pytest.param('timezone = "../etc/passwd"', "timezone is '../etc/passwd'", id="a-path"),
        pytest.param('timezone = "/etc/localtime"', "timezone is '/etc/localtime'", id="a-whole-path"),
        pytest.param('timezone = "Europe"', "timezone is 'Europe'", id="a-folder-of-zones"),
        pytest.param("timezone = 2", "timezone is 2", id="zone-as-a-number"),
        pytest.param("alerts = 3", r"alerts is not a table; write it as \[alerts\]", id="alerts"),
        pytest.param("runaway = 3", r"runaway is not a table; write it as \[runaway\]", id="runaway"),
        pytest.param("cache = 3", r"cache is not a table; write it as \[cache\]", id="cache"),
        pytest.param("[alerts]\nwebhook = 3", "alerts.webhook is not an address", id="webhook-as-a-number"),
        pytest.param('[alerts]\nwebhook = ""', "alerts.webhook is not an address", id="empty-webhook"),
        pytest.param(
            '[alerts]\nwebhook_shape = "teams"',
            'alerts.webhook_shape is \'teams\'; it can be "slack", "discord" or "json"',
            id="shape",
        ),
        pytest.param("[alerts]\ndesktop = 1", "alerts.desktop is 1; it can be true or false", id="desktop"),
        pytest.param(
            '[runaway]\naction = "kill"',
            'runaway.action is \'kill\'; it can be "warn", "off", "pause" or "block"',
            id="action",
        ),
        pytest.param(
            "[runaway]\ndollars_per_minute = -0.1",
            "dollars_per_minute is -0.1; it can be a number of dollars from 0 to 1000000000",
            id="negative-dollars",
        ),
        pytest.param("[runaway]\ndollars_per_minute = '$2'", "dollars_per_minute is '\\$2'", id="dollars-as-a-word"),
        pytest.param("[runaway]\ndollars_per_minute = true", "dollars_per_minute is True", id="dollars-as-a-switch"),
        pytest.param("[runaway]\ndollars_per_minute = nan", "dollars_per_minute is nan", id="dollars-as-nan"),
        pytest.param("[runaway]\ndollars_per_minute = inf", "dollars_per_minute is inf", id="infinite-dollars"),
        pytest.param(
            "[runaway]\nsame_request = -1",
            "runaway.same_request is -1; it can be a whole number from 0 to",
            id="negative-count",
        ),
        pytest.param("[runaway]\nsame_tool_call = 1.5", "runaway.same_tool_call is 1.5", id="half-a-count"),
        pytest.param("[runaway]\nerrors = true", "runaway.errors is True", id="count-as-a-switch"),
        pytest.param("[runaway]\nfile_churn = 99999999999", "runaway.file_churn is 99999999999", id="a-huge-count"),
        pytest.param("[runaway]\nwait = 0", "runaway.wait is 0; it can be a whole number from 1 to", id="no-wait"),
        pytest.param('[cache]\nenabled = "yes"', "cache.enabled is 'yes'; it can be true or false", id="enabled"),
        pytest.param("[cache]\nttl = '1h'", "cache.ttl is '1h'; it can be a whole number from 1 to", id="ttl"),
        pytest.param("[cache]\nmax_mb = 0", "cache.max_mb is 0; it can be a whole number from 1 to", id="max-mb"),
        pytest.param("[proxy", "is not TOML", id="no-toml"),
        pytest.param(b"x = '\xff'", "cannot be read", id="no-utf-8"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        configured(tmp_path, text)
    assert str(tmp_path / ".codesession" / "config.toml") in caught.value.message


@pytest.mark.parametrize("value", ["0", "-3", "soon", "inf", "nan", "1e999", "10s"])
@pytest.mark.parametrize("variable", ["CODESESSION_CONNECT_TIMEOUT", "CODESESSION_IDLE_TIMEOUT"])
def test_a_variable_that_cannot_be_used_is_named_with_its_value(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{variable}: '{value}' is not a number of seconds above 0"):
        configured(tmp_path, **{variable: value})


def test_a_config_that_is_a_directory_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".codesession" / "config.toml").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="cannot be read"):
        configured(tmp_path)


def test_our_own_environment_is_read_unless_another_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESESSION_DB_PATH", str(tmp_path / "mine.db"))
    monkeypatch.setenv("COSTHQ_DATA_DIR", str(tmp_path))
    config = read_config()
    assert config.database == tmp_path / "mine.db"
    assert config.environ == dict(os.environ)
