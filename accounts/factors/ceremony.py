"""What do we ask of a passkey, and does what it answers hold? The one module that knows the package `webauthn`.

A user is verified by his device (PIN, finger, face) each time: possession alone would make a found key enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeVar

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.factors.refused import Refused
from accounts.models import Passkey, User

SITE_NAME: Final = "Trading Terminal"
TIMEOUT_MS: Final = 120_000
VERIFIED: Final = UserVerificationRequirement.REQUIRED
Answer = dict[str, Any]  #: a PublicKeyCredential as its `toJSON()` writes it
Options = dict[str, Any]  #: what `navigator.credentials` takes, with bytes as base64url
Result = TypeVar("Result")


class Site(NamedTuple):
    """For whom passkeys are made: the host name that they belong to, and the origins of its pages."""

    rp_id: str
    origins: list[str]


class NewPasskey(NamedTuple):
    credential_id: bytes
    public_key: bytes
    sign_count: int


def registration_options(site: Site, user: User, known: Iterable[Passkey], challenge: bytes) -> Options:
    """For `navigator.credentials.create()`; a device that has one of `known` is not asked for another."""
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name=SITE_NAME,
        user_name=user.username,
        user_id=user.id.bytes,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=VERIFIED
        ),
        exclude_credentials=descriptors(known),
    )
    return options_to_json_dict(options)


def assertion_options(site: Site, known: Iterable[Passkey], challenge: bytes) -> Options:
    """For `navigator.credentials.get()`."""
    options = generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=descriptors(known),
        user_verification=VERIFIED,
    )
    return options_to_json_dict(options)


def descriptors(known: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(passkey.credential_id),
            transports=[AuthenticatorTransport(one) for one in passkey.transports.split()],
        )
        for passkey in known
    ]


def registration_check(site: Site, answer: Answer, challenge: bytes) -> NewPasskey:
    """The passkey that was made; Refused."""
    found = _held(
        lambda: verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origins,
            require_user_verification=True,
        )
    )
    _same_origin(answer)
    if found.credential_id != credential_of(answer):
        raise Refused("another credential than was attested")
    return NewPasskey(found.credential_id, found.credential_public_key, found.sign_count)


def assertion_check(site: Site, answer: Answer, challenge: bytes, public_key: bytes) -> int:
    """How often the device says it was used; Refused. Whether that goes back is for the database to judge, at once
    with keeping it."""
    found = _held(
        lambda: verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origins,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )
    _same_origin(answer)
    return found.new_sign_count


def credential_of(answer: Answer) -> bytes:
    """Which credential claims to answer; Refused."""
    return _held(lambda: base64url_to_bytes(answer["id"]))


def transports_of(answer: Answer) -> str:
    """The browser's hints how the device is reached, those that there are."""
    response = answer.get("response")
    told = response.get("transports") if isinstance(response, dict) else None
    hints = told if isinstance(told, list) else []
    return " ".join(one.value for one in AuthenticatorTransport if one.value in hints)


def _same_origin(answer: Answer) -> None:
    """A page of ours inside somebody else's is not ours."""
    if _held(lambda: parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"]))).cross_origin:
        raise Refused("cross-origin")


def _held(look: Callable[[], Result]) -> Result:
    """What `look` finds. The bytes are a stranger's: whatever they break in a parser, it is this proof that fails."""
    try:
        return look()
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}"[:200]) from error


def as_text(raw: bytes) -> str:
    """base64url"""
    return bytes_to_base64url(raw)


def as_bytes(text: str) -> bytes:
    return base64url_to_bytes(text)
