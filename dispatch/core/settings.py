"""Settings of one system: one data directory, one database."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from ``JSJB_*`` environment variables, overridden by command-line options."""

    model_config = SettingsConfigDict(env_prefix="JSJB_", extra="ignore")

    data_dir: Path = Field(default=Path("var"), description="database, media and keys of this system")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; SQLite under data_dir when unset")
    host: str = Field(default="127.0.0.1", description="address the platform listens on")
    port: int = Field(default=8000, ge=1, le=65535)
    slot: str = Field(default="platform-0", description="worker slot of this process; give each of several processes its own, and keep it")
    demo: bool = Field(default=False, description="the data is invented: every page says so")
    public_url: str | None = Field(default=None, description="how residents reach this system; http://host:port when unset")
    media_url: str | None = Field(
        default=None, description="where files that residents send are stored, e.g. s3://bucket/folder; a folder under data_dir when unset"
    )
    media_private_hosts: tuple[str, ...] = Field(
        default=(),
        description="host:port from which files may be fetched though they are not public (the city's own archive)",
    )
    retention_days: int | None = Field(
        default=None, ge=1, description="how long closed orders and quiet conversations keep words and names; for ever when unset"
    )
    rasa_url: str | None = Field(default=None, description="the assistant's address; chosen by the supervisor")
    rasa_timeout: float = Field(default=8.0, gt=0, description="seconds a turn may take before a person is promised")
    rasa_concurrency: int = Field(default=4, ge=1, description="turns in flight at one Rasa worker (see FACTS: it degrades beyond)")
    matter_model: Path | None = Field(
        default=None, description="model of jsjb learn --save that reads the matter before the catalogue does"
    )
    unit_model: Path | None = Field(default=None, description="the same for the unit")
    learned_threshold: float = Field(default=0.6, gt=0, le=1, description="confidence from which a learned model is heard")

    oidc_issuer: str | None = Field(default=None, description="the city's account service (OpenID Connect); passwords only when unset")
    oidc_client_id: str | None = Field(default=None, description="what this system is called there")
    oidc_client_secret: SecretStr | None = Field(default=None, description="its secret there; none for a public client")
    oidc_claim: str = Field(default="preferred_username", description="the claim that is the user name here")

    telegram_token: SecretStr | None = Field(default=None, description="the bot's token; without one there is no Telegram channel")
    telegram_secret: SecretStr | None = Field(default=None, description="what Telegram must show at our webhook; needed unless polling")
    telegram_api_url: str = Field(default="https://api.telegram.org", description="the Bot API, or a server of one's own")
    telegram_polling: bool = Field(default=False, description="fetch updates instead of being called (development)")
    twilio_account_sid: str | None = Field(default=None, description="without one there is no SMS, WhatsApp or voice channel")
    twilio_auth_token: SecretStr | None = Field(default=None, description="signs what Twilio sends us, and lets us send")
    twilio_api_url: str = Field(default="https://api.twilio.com", description="Twilio's API")
    twilio_from: str | None = Field(default=None, description="our number for SMS, E.164; or else:")
    twilio_messaging_service_sid: str | None = Field(default=None, description="the Messaging Service that SMS go out by")
    twilio_whatsapp_from: str | None = Field(default=None, description="our WhatsApp number, E.164")
    twilio_person_number: str | None = Field(default=None, description="number of the desk that callers are connected to")

    @model_validator(mode="after")
    def _whole_sign_on(self) -> Settings:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("JSJB_OIDC_CLIENT_ID: needed with JSJB_OIDC_ISSUER")
        return self

    def resolved_database_url(self) -> str:
        """Return the database URL, SQLite in the data directory by default."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'jsjb.sqlite3').resolve()}"

    def resolved_public_url(self) -> str:
        """Return the address printed in links that residents get, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")
