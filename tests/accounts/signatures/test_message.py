"""Is RFC 9421 read as it is written, and is nothing else taken?"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.signatures.message import Message, NotSigned, Refusal, check_digest, digest_header, fits, is_weak, read

#: The example key of the RFC (B.1.4) and its signature of a request (B.2.6).
PUBLIC = base64.b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
INPUT = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
SIGNATURE = "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
REQUEST = Message(
    method="POST",
    target_uri="https://example.com/foo?param=Value&Pet=dog",
    authority="example.com",
    path="/foo",
    query="?param=Value&Pet=dog",
    headers={
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-length": "18",
    },
    body=b'{"hello": "world"}',
)


def test_the_rfcs_own_example_fits() -> None:
    signed = read(INPUT, SIGNATURE)
    assert fits(PUBLIC, signed.signature, signed.base(REQUEST))


@pytest.mark.parametrize(
    "change",
    [{"method": "PUT"}, {"path": "/fop"}, {"authority": "example.org"}, {"headers": {**REQUEST.headers, "date": "x"}}],
)
def test_what_is_covered_cannot_be_another(change: dict[str, Any]) -> None:
    signed = read(INPUT, SIGNATURE)
    assert not fits(PUBLIC, signed.signature, signed.base(REQUEST._replace(**change)))


def test_the_base_is_the_rfcs() -> None:
    assert read(INPUT, SIGNATURE).base(REQUEST).decode().splitlines() == [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@authority": example.com',
        '"content-type": application/json',
        '"content-length": 18',
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"',
    ]


def test_a_covered_header_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotSigned) as refused:
        read(INPUT, SIGNATURE).base(REQUEST._replace(headers={}))
    assert refused.value.reason is Refusal.COMPONENTS


GOOD = 'sig=("@method" "@target-uri");created=1;nonce="n";keyid="k"'
PROOF = f"sig=:{base64.b64encode(bytes(64)).decode()}:"


@pytest.mark.parametrize(
    "said",
    [
        "",
        "sig=()",
        'sig=("@method");created=x',
        'sig=("@method"  "@path");created=1',
        'sig=("@method" "@method");created=1',
        'sig=("@method");created=1;created=2',
        'sig=("@method";req);created=1',
        'sig=("@Method");created=1',
        'sig=("@method");created=1.0',
        'sig=("@method");created=1;colour="red"',
        'sig=("@method");created=1, other=("@method");created=1',
        'other=("@method");created=1',
        'sig=("@method");keyid="a\\"b"',
        f"{GOOD} ",
        'sig=("@method");nonce="' + "n" * 3_000 + '"',
    ],
)
def test_headers_that_are_written_otherwise_are_refused(said: str) -> None:
    with pytest.raises(NotSigned) as refused:
        read(said, PROOF)
    assert refused.value.reason is Refusal.MALFORMED


@pytest.mark.parametrize(
    "proof", ["", "sig=AAAA", "sig=:AAAA:", PROOF.replace("==:", "=A:"), PROOF.replace("A==", "B==")]
)
def test_a_signature_that_is_no_canonical_base64_of_64_bytes_is_refused(proof: str) -> None:
    with pytest.raises(NotSigned):
        read(GOOD, proof)


@given(st.text(max_size=200), st.text(max_size=200))
@example(GOOD, PROOF)
def test_any_text_is_read_or_refused_by_name(said: str, proof: str) -> None:
    try:
        signed = read(said, proof)
    except NotSigned as error:
        assert error.reason is Refusal.MALFORMED
    else:
        assert said == f"{signed.label}={signed.params}"


@given(
    st.lists(
        st.sampled_from(["@method", "@path", "@query", "date", "content-digest"]), min_size=1, max_size=5, unique=True
    ),
    st.integers(0, 10**12 - 1),
    st.text("abcXYZ019_.:/+=-", min_size=1, max_size=128),
)
def test_what_is_written_is_what_is_read(components: list[str], created: int, nonce: str) -> None:
    listed = " ".join(f'"{name}"' for name in components)
    signed = read(f'sig=({listed});created={created};nonce="{nonce}"', PROOF)
    assert (list(signed.components), dict(signed.parameters)) == (components, {"created": str(created), "nonce": nonce})


IDENTITY = bytes([1]) + bytes(31)
WEAK = [
    IDENTITY,
    bytes(32),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]


@pytest.mark.parametrize("key", WEAK)
def test_a_key_that_anybody_can_sign_for_is_weak(key: bytes) -> None:
    """R = the identity and S = 0 fit one message of eight at least."""
    assert is_weak(key)
    assert is_weak(key[:-1] + bytes([key[-1] | 0x80]))
    assert any(fits(key, IDENTITY + bytes(32), bytes([number])) for number in range(256))


def test_a_real_key_is_not_weak() -> None:
    assert not is_weak(PUBLIC)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_digest_is_of_one_body(body: bytes, other: bytes) -> None:
    check_digest(digest_header(body), body)
    if other != body:
        with pytest.raises(NotSigned):
            check_digest(digest_header(body), other)
