"""With which keys do programs sign, and what have they signed?"""

from __future__ import annotations

import base64
import uuid
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from accounts.models.entitlements import WordsField
from accounts.models.people import User
from accounts.models.sessions import Session
from accounts.policy import Function, Functions


class ApiKey(models.Model):
    """The public half of a program's Ed25519 key. It acts in a session of its own, which ends with it.

    So whatever holds for sessions holds for keys: one that is revoked is refused within seconds everywhere, its sockets
    close, and when it was used last is `session.last_active`, to the minute. A key is never deleted: what it signed is
    verified with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    session = models.OneToOneField(Session, null=True, on_delete=models.SET_NULL, related_name="api_key")
    name = models.CharField(max_length=80)
    scopes = WordsField(max_length=400)
    public_key = models.CharField(max_length=44, help_text="32 bytes in base64.")
    networks = WordsField(help_text="Used only from these networks: 192.0.2.0/24. Empty: from anywhere.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"

    @cached_property
    def functions(self) -> Functions:
        """What it was made for; the user's own rights still bound it."""
        return frozenset(function for function in Function if function.value in self.scopes.split())

    @property
    def public_bytes(self) -> bytes:
        return base64.b64decode(self.public_key)


class SignedRequest(models.Model):
    """A request with a good signature. Its unique nonce decides which of two equal ones is taken.

    Writes are kept for good, with all that is needed to verify them again; `body` are the very bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="requests")
    nonce_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of key and nonce.")
    created_at = models.DateTimeField(help_text="As the program said.")
    received_at = models.DateTimeField(db_index=True)
    request_id = models.CharField(max_length=64, blank=True)
    ip_address = models.GenericIPAddressField(null=True)
    method = models.CharField(max_length=10)
    signature = models.CharField(max_length=88, help_text="64 bytes in base64.")
    base = models.TextField(help_text="The signature base of RFC 9421.")
    body = models.BinaryField()
    kept = models.BooleanField(help_text="It asked for a change; others are deleted once their nonce is of no use.")

    objects: models.Manager[Any]

    def __str__(self) -> str:
        return f"{self.method} signed by {self.key_id}"
