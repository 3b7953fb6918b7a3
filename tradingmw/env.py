"""Which settings does this installation run with? Typed, read once from the environment (`TMW_…`) and `.env`.

Every fault is reported together, by name, before anything starts. `.env.example` documents each field.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tradingmw.crash_points import crashes
from tradingmw.field_keys import field_key_make, field_keys
from tradingmw.logs import LogFormat
from tradingmw.redis_address import redis_address

ROOT = Path(__file__).resolve().parent.parent

Address = Annotated[str, Field(pattern=r"^tcp://[^:/\s]+:\d{1,5}$")]
#: The primary engine's, then its backup's, if there is one.
EngineAddresses = Annotated[str, Field(pattern=r"^tcp://[^:/,\s]+:\d{1,5}(,tcp://[^:/,\s]+:\d{1,5})*$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Network = Annotated[str, AfterValidator(lambda text: str(ip_network(text, strict=False)))]
PortOrNone = Annotated[int, Field(ge=0, le=65535)]
CrashAt = Annotated[str, AfterValidator(lambda text: text if crashes(text) else "")]
RedisUrl = Annotated[str, AfterValidator(redis_address)]
FieldKeys = Annotated[SecretStr, AfterValidator(lambda keys: keys if field_keys(keys.get_secret_value()) else None)]


class Environment(StrEnum):
    DEMO = "demo"
    PRODUCTION = "production"


class DatabaseKind(StrEnum):
    SQLITE = "sqlite"
    SQLSERVER = "sqlserver"


class Database(BaseModel, extra="forbid"):
    """`TMW_DATABASE__…`: SQLite in the data directory, or SQL Server."""

    kind: DatabaseKind = DatabaseKind.SQLITE
    name: str = ""
    host: str = ""
    port: Port = 1433
    user: str = ""
    password: SecretStr = SecretStr("")


class MfaPolicy(StrEnum):
    """What a second factor is for users whose role is among `mfa_roles`."""

    AUTO = "auto"  #: required in production, offered in the demo
    REQUIRED = "required"
    OFFERED = "offered"


class SmtpSecurity(StrEnum):
    """How a mail server is spoken to."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class Env(BaseSettings):
    """One sentence per field stands in `.env.example`; units are in the names."""

    model_config = SettingsConfigDict(
        env_prefix="TMW_", env_file=ROOT / ".env", env_nested_delimiter="__", extra="ignore", frozen=True
    )

    environment: Environment = Environment.DEMO
    data_dir: Path = ROOT / "var"
    keys_dir: Path | None = None
    market_data: Path = ROOT.parent / "shared" / "data"
    secret_key: SecretStr | None = None
    field_keys: FieldKeys | None = None
    database: Database = Database()

    web_host: str = "127.0.0.1"
    web_port: Port = 8000
    allowed_hosts: Annotated[list[str], NoDecode] = ["127.0.0.1", "localhost"]
    allowed_origins: Annotated[list[str], NoDecode] = []
    proxy_hops: Annotated[int, Field(ge=0, le=9)] | None = None
    proxies: Annotated[list[Network], NoDecode] = ["127.0.0.0/8", "::1/128"]

    engine_market_data: EngineAddresses = "tcp://127.0.0.1:5570"
    engine_commands: EngineAddresses = "tcp://127.0.0.1:5571"
    engine_queries: EngineAddresses = "tcp://127.0.0.1:5572"
    engine_work: EngineAddresses = "tcp://127.0.0.1:5573"
    engine_external: bool = False
    order_requests: Address = "tcp://127.0.0.1:5574"
    feed_state: Address = "tcp://127.0.0.1:5575"
    layer_publish: Address = "tcp://127.0.0.1:5576"
    layer_subscribe: Address = "tcp://127.0.0.1:5577"
    redis_url: RedisUrl = ""

    access_token_seconds: Annotated[int, Field(ge=10, le=600)] = 600
    refresh_token_seconds: Annotated[int, Field(ge=600, le=2_592_000)] = 43_200
    mfa_policy: MfaPolicy = MfaPolicy.AUTO
    mfa_roles: Annotated[list[str], NoDecode] = ["compliance", "admin", "desk_head"]
    webauthn_rp_id: Annotated[str, Field(pattern=r"^[a-z0-9.-]*$")] = ""
    ticket_seconds: Annotated[int, Field(ge=1, le=30)] = 30
    session_idle_seconds: Annotated[int, Field(ge=300, le=2_592_000)] = 3_600
    sessions_per_user: Annotated[int, Field(ge=1, le=1_000)] = 50
    breached_passwords: Path | None = None
    password_words: Annotated[list[str], NoDecode] = ["tradingmw"]
    command_deadline_ms: Annotated[int, Field(ge=100, le=60_000)] = 2_000
    reconcile_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    dead_man_seconds: Annotated[int, Field(ge=0, le=3_600)] = 15
    feed_flush_ms: Annotated[int, Field(ge=0, le=100)] = 3
    hub_flush_ms: Annotated[int, Field(ge=0, le=100)] = 16
    market_subscriptions: Annotated[int, Field(ge=1, le=100_000)] = 1_000

    log_format: LogFormat = LogFormat.AUTO
    crash_at: CrashAt = ""
    part: Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,20}$")] = ""
    metrics_port: PortOrNone = 0
    metrics_allowed: Annotated[list[Network], NoDecode] = ["127.0.0.0/8", "::1/128"]
    writes_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    writes_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    low_tier_percent: Annotated[int, Field(ge=1, le=100)] = 50
    high_tier_percent: Annotated[int, Field(ge=100, le=10_000)] = 400
    cancels_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = 2_000
    cancels_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 4_000
    overload_wait_ms: Annotated[int, Field(ge=10, le=60_000)] = 1_000
    overload_waiting: Annotated[int, Field(ge=1, le=4_096)] = 2_048
    sockets_per_process: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    sockets_per_user: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    sockets_unknown_per_address: Annotated[int, Field(ge=1, le=100_000)] = 500
    sockets_new_per_second: Annotated[int, Field(ge=1, le=100_000)] = 200
    sockets_new_burst: Annotated[int, Field(ge=1, le=100_000)] = 500
    socket_stall_seconds: Annotated[int, Field(ge=1, le=3_600)] = 30
    socket_compression: bool = False

    smtp_host: str = ""
    smtp_port: Port = 25
    smtp_security: SmtpSecurity = SmtpSecurity.NONE
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")] = "tradingmw@localhost"
    smtp_timeout_seconds: Annotated[int, Field(ge=1, le=10)] = 3

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("allowed_hosts", "allowed_origins", "proxies", "password_words", "metrics_allowed", "mfa_roles"):
            if isinstance(text := values.get(name), str):
                values[name] = [part.strip() for part in text.split(",") if part.strip()]
        return values

    @model_validator(mode="after")
    def _production_has_no_defaults(self) -> Self:
        if self.environment is not Environment.PRODUCTION:
            return self
        faults = [
            fault
            for fault, found in {
                "TMW_SECRET_KEY must be set, at least 50 characters": len(self._key_text()) < 50,
                "TMW_FIELD_KEYS must be set: what is secret in the database is sealed with it": self.field_keys is None,
                "TMW_KEYS_DIR must name the directory of the CURVE keys": self.keys_dir is None,
                "TMW_ALLOWED_ORIGINS must list the https origins of the screens": not self.allowed_origins,
                "TMW_ALLOWED_HOSTS must not contain *": "*" in self.allowed_hosts,
                "TMW_CRASH_AT must not be set": bool(self.crash_at),
            }.items()
            if found
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def _engines_have_four_addresses_each(self) -> Self:
        listed = (self.engine_market_data, self.engine_commands, self.engine_queries, self.engine_work)
        if len({addresses.count(",") for addresses in listed}) > 1:
            raise ValueError(
                "TMW_ENGINE_MARKET_DATA, TMW_ENGINE_COMMANDS, TMW_ENGINE_QUERIES and TMW_ENGINE_WORK must list as many "
                "addresses each: the primary engine's, then its backup's"
            )
        return self

    def _key_text(self) -> str:
        return self.secret_key.get_secret_value() if self.secret_key else ""

    @property
    def demo(self) -> bool:
        return self.environment is Environment.DEMO

    @property
    def hops(self) -> int:
        """How many proxies of ours a request has passed: in production one, unless set."""
        return int(not self.demo) if self.proxy_hops is None else self.proxy_hops

    @property
    def development_engine(self) -> bool:
        """Whether `up` starts an engine of its own and chooses where it is found."""
        return self.demo and not self.engine_external

    @property
    def json_logs(self) -> bool:
        return not self.demo if self.log_format is LogFormat.AUTO else self.log_format is LogFormat.JSON

    @property
    def keys(self) -> Path:
        """Where the CURVE keys live: `up` makes them in the data directory."""
        return self.keys_dir or self.data_dir / "keys"

    @property
    def origins(self) -> list[str]:
        """Origins a browser may open a socket from: scheme, host and port, exactly."""
        own = [f"http://{host}:{self.web_port}" for host in ("127.0.0.1", "localhost")] if self.demo else []
        return [*self.allowed_origins, *own]

    @property
    def mfa_required(self) -> bool:
        """Whether users of `mfa_roles` can do nothing but set a second factor up while they have none."""
        return self.mfa_policy is MfaPolicy.REQUIRED or (self.mfa_policy is MfaPolicy.AUTO and not self.demo)

    @property
    def rp_id(self) -> str:
        """The host name that passkeys belong to: set, or that of the first origin (a browser takes no IP address)."""
        hosts = [urlsplit(origin).hostname or "" for origin in self.allowed_origins]
        return self.webauthn_rp_id or next(filter(None, hosts), "localhost")

    def django_secret(self) -> str:
        """The signing key: set, or (demo only) made once in the data directory."""
        return self._key_text() or kept_secret(self.data_dir / "secrets" / "django.key")

    def field_keys_text(self) -> str:
        """The keys of sealed columns (`field_keys.py`): set, or (demo only) one made once in the data directory."""
        if self.field_keys:
            return self.field_keys.get_secret_value()
        return kept_secret(self.data_dir / "secrets" / "field.keys", lambda: field_key_make("demo"))

    def redis_prefix(self) -> str:
        """What this installation's names begin with on a Redis server: others may use the server too."""
        return f"tmw-{sha256(b'redis:' + self.django_secret().encode()).hexdigest()[:12]}"


def kept_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(48)) -> str:
    """The secret in `path`; made there with mode 0600 where it is missing (two starters agree on the first one's)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(made := make())
    return made


def faults(error: ValidationError) -> list[str]:
    """A line per fault: the variable's name and what is wrong with it."""
    return [
        f"TMW_{'__'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
        if fault["loc"]
        else fault["msg"].removeprefix("Value error, ")
        for fault in error.errors()
    ]


@lru_cache(maxsize=1)
def env() -> Env:
    """The checked settings; the process ends with all faults named where they are not right."""
    try:
        return Env()
    except ValidationError as error:
        sys.exit("These settings are not right (see .env.example):\n  " + "\n  ".join(faults(error)))
