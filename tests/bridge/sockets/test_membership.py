import asyncio

import pytest

from bridge.sockets.exchange import group_topic
from bridge.sockets.membership import Membership, UnknownChannel

LONG = 3600.0


def membership(*channels: str, capacity: int = 10, expiry: float = LONG, group_expiry: float = LONG) -> Membership:
    made = Membership(expiry, group_expiry)
    for channel in channels:
        made.open(channel, capacity)
    return made


def waiting(membership: Membership, channel: str) -> list[bytes]:
    return [body for _, body in membership.mailbox(channel).letters]


def test_only_the_first_member_subscribes_the_group_then_its_proof() -> None:
    member = membership("a", "b")
    first, topics = member.join("g", "a")
    assert topics == [group_topic("g"), first.proof_topic]
    assert member.join("g", "b") == (first, [])


def test_only_the_last_member_unsubscribes() -> None:
    member = membership("a", "b")
    subscription, _ = member.join("g", "a")
    member.join("g", "b")
    assert member.leave("g", "a") == []
    assert member.leave("g", "b") == [group_topic("g"), subscription.proof_topic]


def test_a_proof_is_unsubscribed_once() -> None:
    member = membership("a")
    subscription, _ = member.join("g", "a")
    assert member.proven(subscription.proof_topic)
    assert not member.proven(subscription.proof_topic)
    assert subscription.proven
    assert member.leave("g", "a") == [group_topic("g")]


def test_a_group_joined_again_is_proven_again() -> None:
    member = membership("a")
    first, _ = member.join("g", "a")
    member.proven(first.proof_topic)
    member.leave("g", "a")
    second, topics = member.join("g", "a")
    assert not second.proven
    assert topics == [group_topic("g"), second.proof_topic]


def test_a_message_of_the_group_is_no_proof() -> None:
    member = membership("a")
    member.join("g", "a")
    assert not member.proven(group_topic("g"))


def test_every_member_gets_a_group_message_and_others_do_not() -> None:
    member = membership("a", "b", "c")
    member.join("g", "a")
    member.join("g", "b")
    member.deliver_group(group_topic("g"), b"x")
    assert [waiting(member, channel) for channel in "abc"] == [[b"x"], [b"x"], []]


def test_a_full_mailbox_loses_the_newest_and_nobody_else_does() -> None:
    member = membership("a", capacity=2)
    member.open("b", 10)
    member.join("g", "a")
    member.join("g", "b")
    for body in (b"1", b"2", b"3"):
        member.deliver_group(group_topic("g"), body)
    assert (waiting(member, "a"), waiting(member, "b")) == ([b"1", b"2"], [b"1", b"2", b"3"])
    assert member.counts["full"] == 1


def test_a_message_for_a_channel_that_is_not_here_is_counted() -> None:
    member = membership()
    member.deliver_channel("gone", b"x")
    member.deliver_group(group_topic("nobody"), b"x")
    assert member.counts["unknown"] == 1


def test_a_channel_that_was_never_made_is_named() -> None:
    with pytest.raises(UnknownChannel, match="'stranger'"):
        membership().join("g", "stranger")


def test_an_idle_channel_is_forgotten_and_its_groups_left() -> None:
    member = membership("idle", expiry=0.0, group_expiry=0.0)
    subscription, _ = member.join("g", "idle")
    assert member.open("next", 10) == [group_topic("g"), subscription.proof_topic]
    with pytest.raises(UnknownChannel):
        member.mailbox("idle")


async def test_a_channel_somebody_receives_on_is_kept() -> None:
    member = membership("busy", expiry=0.0, group_expiry=0.0)
    receiving = asyncio.create_task(member.mailbox("busy").take())
    await asyncio.sleep(0)
    member.open("next", 10)
    member.deliver_channel("busy", b"x")
    assert (await asyncio.wait_for(receiving, 20))[1] == b"x"


def test_members_of_a_group_may_be_idle_for_longer() -> None:
    member = membership("idle", expiry=0.0, group_expiry=LONG)
    member.join("g", "idle")
    member.open("next", 10)
    assert member.mailbox("idle").groups == {"g"}
