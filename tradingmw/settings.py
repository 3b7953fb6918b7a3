"""Django's settings, built from the typed environment in `env.py`; nothing else reads it for Django."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from tradingmw.env import ROOT, DatabaseKind, SmtpSecurity, env
from tradingmw.logs import formatter_of

ENV = env()
SECRET_KEY = ENV.django_secret()
DEBUG = False
ALLOWED_HOSTS = ENV.allowed_hosts
ROOT_URLCONF = "tradingmw.urls"
ASGI_APPLICATION = "tradingmw.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "csp",
    "tradingmw",
    "bridge",
    "accounts",
    "notifications",
    "marketdata",
    "orders",
    "preferences",
]

MIDDLEWARE = [
    "tradingmw.middleware.Security",
    "tradingmw.middleware.StaticFiles",
    "tradingmw.middleware.AdminSession",
    "tradingmw.middleware.Common",
    "tradingmw.middleware.AdminCsrf",
    "tradingmw.middleware.AdminAuthentication",
    "tradingmw.middleware.AdminMessages",
    "tradingmw.middleware.FrameOptions",
    "tradingmw.middleware.ContentSecurityPolicy",
    "tradingmw.http_metrics.route_told",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

SQLITE: dict[str, Any] = {
    "ENGINE": "tradingmw.sqlite",
    "NAME": ENV.data_dir / "tradingmw.sqlite3",
    "CONN_MAX_AGE": None,
    # WAL and IMMEDIATE: without them concurrent writers fail; FULL: an accepted order survives power loss.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
    },
    "TEST": {"NAME": ENV.data_dir / "test.sqlite3"},
}
SQLSERVER: dict[str, Any] = {
    "ENGINE": "mssql",
    "NAME": ENV.database.name,
    "HOST": ENV.database.host,
    "PORT": str(ENV.database.port),
    "USER": ENV.database.user,
    "PASSWORD": ENV.database.password.get_secret_value(),
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "driver": "ODBC Driver 18 for SQL Server",
        "extra_params": "Encrypt=yes;TrustServerCertificate=no;MARS_Connection=no",
        "query_timeout": 30,
    },
}
DATABASES = {"default": SQLITE if ENV.database.kind is DatabaseKind.SQLITE else SQLSERVER}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "tradingmw.redis_layer.RedisChannelLayer" if ENV.redis_url else "tradingmw.layers.ZmqChannelLayer",
        # The hub is its process's only receiver of market data: a busy second must not cost it the state. A frame has
        # 128 KiB at most, so that 32 MiB may wait.
        "CONFIG": {"channel_capacity": {"market.*": 250}},
    }
}
LOCAL_CACHE: dict[str, Any] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
REDIS_CACHE: dict[str, Any] = {
    "BACKEND": "tradingmw.redis_cache.ForgivingRedisCache",
    "LOCATION": ENV.redis_url,
    "KEY_PREFIX": ENV.redis_prefix(),
}
CACHES = {"default": REDIS_CACHE if ENV.redis_url else LOCAL_CACHE}

PASSWORD_HASHERS = ["accounts.hashing.BoundedArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.NoNames"},
    {"NAME": "accounts.passwords.NotBreached"},
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.signatures.authentication.SignedAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "accounts.permissions.Permitted"],
    "DEFAULT_THROTTLE_CLASSES": ["tradingmw.rate_limit.WriteThrottle"],
    "DEFAULT_PARSER_CLASSES": ["tradingmw.json_body.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["notifications.cursor.CursorRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tradingmw.problem.exception_handler",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",  # always UTC
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trading platform middleware",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrderStatusEnum": "orders.api.serializers.STATUSES",
        "TradingStateEnum": "orders.states.serializers.STATES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tradingmw.openapi.add_typed_bodies",
        "tradingmw.openapi.add_problems",
    ],
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ENV.access_token_seconds),
    "ALGORITHM": "HS256",
    "AUDIENCE": "tradingmw",
    "ISSUER": "tradingmw",
    "SIGNING_KEY": sha256(f"access-token:{SECRET_KEY}".encode()).hexdigest(),  # a key signs one kind of thing
    "USER_ID_CLAIM": "sub",
    "UPDATE_LAST_LOGIN": False,
}

EMAIL_HOST = ENV.smtp_host  # empty: notifications/mail.py sends nothing
EMAIL_PORT = ENV.smtp_port
EMAIL_HOST_USER = ENV.smtp_user
EMAIL_HOST_PASSWORD = ENV.smtp_password.get_secret_value()
EMAIL_USE_TLS = ENV.smtp_security is SmtpSecurity.STARTTLS  # Django's name for STARTTLS
EMAIL_USE_SSL = ENV.smtp_security is SmtpSecurity.TLS
EMAIL_TIMEOUT = ENV.smtp_timeout_seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.smtp_from

STATIC_URL = "static/"
STATIC_ROOT = ENV.data_dir / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns where it is missing
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not ENV.demo
SECURE_HSTS_SECONDS = 0 if ENV.demo else 31_536_000
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "connect-src": ["'self'", "ws:", "wss:"] if ENV.demo else ["'self'", "wss:"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # the ASGI body limit answers long before
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": formatter_of, "json": ENV.json_logs, "part": ENV.part}},
    "handlers": {"stderr": {"class": "tradingmw.logs.LineHandler", "formatter": "line"}},
    "loggers": {
        "django.request": {"level": "ERROR"},  # a refused request is told to its caller
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # a traceback for each scanner that passes by
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
BASE_DIR = ROOT
