"""Which setting wins, and what is said of one that cannot be used?"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from codesession.config import CONNECT_TIMEOUT_S, IDLE_TIMEOUT_S, Config, read_config
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
