"""What may be said of a provider, and what is said of what may not?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codesession.config import Config, ProviderConfig, read_config
from codesession.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def configured(home: Path, text: str, **environ: str) -> Config:
    """The settings with `text` as the config file of `home`."""
    folder = home / ".codesession"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return read_config({"HOME": str(home), **environ})


def test_the_file_says_how_a_host_is_spoken_to(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        """
        [upstreams]
        other = "https://other.example"
        [providers.my-company_2]
        upstream = "https://llm.mycompany.example"
        wire = "anthropic"
        prices = "openai"
        local = true
        ask_usage = false
        deployments = {my-gpt = "gpt-4o"}
        of_a_later_version = 1
        [providers.other]
        [providers.azure.deployments]
        small = "gpt-4o-mini"
        """,
        CODESESSION_UPSTREAM_AZURE="https://mine.openai.azure.com",
    )
    assert config.providers == {
        "my-company_2": ProviderConfig("anthropic", "openai", True, False, {"my-gpt": "gpt-4o"}),
        "other": ProviderConfig(None, None, None, True, {}),
        "azure": ProviderConfig(deployments={"small": "gpt-4o-mini"}),
    }
    assert config.upstreams == {
        "other": "https://other.example",
        "my-company_2": "https://llm.mycompany.example",
        "azure": "https://mine.openai.azure.com",
    }


def test_an_upstream_may_be_said_twice_but_not_otherwise(tmp_path: Path) -> None:
    both = '[upstreams]\nmine = "http://a"\n[providers.mine]\nupstream = "http://{0}"\n'

    assert configured(tmp_path, both.format("a")).upstreams == {"mine": "http://a"}
    with pytest.raises(InvalidInput, match=r"mine has one upstream in \[upstreams\] and another in \[providers.mine\]"):
        configured(tmp_path, both.format("b"))


def test_the_environment_wins_over_what_a_file_says_of_a_host(tmp_path: Path) -> None:
    text = '[providers.mine]\nupstream = "http://a"'

    assert configured(tmp_path, text, CODESESSION_UPSTREAM_MINE="http://b").upstreams == {"mine": "http://b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers = 1", "providers is not a table; write it as [providers]."),
        ("[providers]\nmine = 1", "providers.mine is not a table; write it as [providers.mine]."),
        ("[providers.Mine]", "'Mine' cannot name a provider; it can be a word of a-z, 0-9, - and _"),
        ('[providers."a/b"]', "'a/b' cannot name a provider"),
        ("[providers.v1]", "'v1' cannot name a provider"),
        ("[providers.s]", "'s' cannot name a provider"),
        ("[providers.mine]\nupstream = 1", "the upstream of mine is not an address in quotes."),
        (
            '[providers.mine]\nwire = "soap"',
            """providers.mine.wire is 'soap'; it can be "openai", "anthropic", "google" or "ollama".""",
        ),
        ("[providers.mine]\nprices = 1", "providers.mine.prices is 1; it can be the name of a provider"),
        ('[providers.mine]\nprices = ""', "providers.mine.prices is ''; it can be the name of a provider"),
        ('[providers.mine]\nlocal = "no"', "providers.mine.local is 'no'; it can be true or false."),
        ("[providers.mine]\nask_usage = 1", "providers.mine.ask_usage is 1; it can be true or false."),
        ("[providers.mine]\ndeployments = []", "providers.mine.deployments is []; it can be a table such as"),
        (
            "[providers.mine]\ndeployments = {a = 1}",
            """providers.mine.deployments is {'a': 1}; it can be a table such as {my-gpt = "gpt-4o"}.""",
        ),
        ('[providers.mine]\ndeployments = {a = ""}', "providers.mine.deployments is {'a': ''}; it can be a table"),
    ],
)
def test_what_cannot_be_said_of_a_host_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        configured(tmp_path, text)

    assert said in refused.value.message
    assert str(tmp_path / ".codesession" / "config.toml") in refused.value.message
