"""`manage.py keys list | make | prepare | switch | revoke`: the CURVE keys of this host, changed while it works."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bridge.sockets.key_changes import listed_keys, prepare, revoke, revoke_old, switch
from bridge.sockets.keys import KeyFault, Role, make_keys
from tradingmw.env import env


class Command(BaseCommand):
    help = "Lists, makes, changes and revokes the CURVE keys with which the parts of the system prove themselves."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        words = parser.add_subparsers(dest="word", required=True)
        listing = words.add_parser("list", help="every public key, and what it is good for")
        listing.add_argument("--json", action="store_true")
        words.add_parser("make", help="the pairs that are missing")
        for word, text in (
            ("prepare", "the next pair of a role; servers admit it beside the present one"),
            ("switch", "put the next pair in place; the old public key stays admitted"),
        ):
            words.add_parser(word, help=text).add_argument("role", choices=ROLES)
        ending = words.add_parser("revoke", help="a key is admitted nowhere any more; who is connected is cut off")
        which = ending.add_mutually_exclusive_group(required=True)
        which.add_argument("role", nargs="?", choices=ROLES, help="its old key, after a switch")
        which.add_argument("--key", help="this public key, of 40 characters")
        ending.add_argument("--why", default="", help="a remark beside it")

    def handle(self, *args: Any, word: str, **given: Any) -> None:
        try:
            self.stdout.write(WORDS[word](env().keys, given))
        except (KeyFault, OSError) as error:
            raise CommandError(str(error)) from error


def list_keys(directory: Path, given: dict[str, Any]) -> str:
    """Public keys are no secrets, so they are shown whole."""
    keys = list(listed_keys(directory))
    if given["json"]:
        return json.dumps([key._asdict() for key in keys])
    return "\n".join(f"{key.file:<28} {key.standing:<11} {key.key}" for key in keys) or f"no keys in {directory}"


def make(directory: Path, given: dict[str, Any]) -> str:
    make_keys(directory)
    return f"Every role has a pair in {directory}."


def prepare_next(directory: Path, given: dict[str, Any]) -> str:
    key = prepare(directory, Role(given["role"])).decode()
    return f"{key} is the next key of {given['role']}; servers admit it within a second."


def switch_to_next(directory: Path, given: dict[str, Any]) -> str:
    key = switch(directory, Role(given["role"])).decode()
    return f"{key} is the key of {given['role']} now. Restart its processes, one after another; then revoke the old."


def revoke_one(directory: Path, given: dict[str, Any]) -> str:
    if given["role"]:
        key = revoke_old(directory, Role(given["role"]), datetime.now(UTC)).decode()
    else:
        key = given["key"]
        revoke(directory, key.encode(), given["why"], datetime.now(UTC))
    return f"{key} is revoked; servers cut off who is connected with it within a second."


ROLES = [role.value for role in Role]
WORDS: dict[str, Callable[[Path, dict[str, Any]], str]] = {
    "list": list_keys,
    "make": make,
    "prepare": prepare_next,
    "switch": switch_to_next,
    "revoke": revoke_one,
}
