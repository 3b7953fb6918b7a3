from collections.abc import Iterator

import msgspec
import pytest
import zmq

from bridge.sockets.curve import KeyRing, Role
from bridge.sockets.exchange import LayerProxy, LayerPublisher, group_topic, open_subscriber
from bridge.sockets.options import configure
from tests.bridge.waiting import until

ANY = "tcp://127.0.0.1:*"


@pytest.fixture
def proxy(keyring: KeyRing) -> Iterator[LayerProxy]:
    proxy = LayerProxy(keyring, ANY, ANY)
    yield proxy
    proxy.stop()


@pytest.fixture
def publisher(context: zmq.Context, keyring: KeyRing, proxy: LayerProxy) -> LayerPublisher:
    publisher = LayerPublisher(context, keyring, Role.FEED_BRIDGE, proxy.publish_address)
    until(lambda: publisher.wait_connected(0.1))
    return publisher


def subscribed(context: zmq.Context, keyring: KeyRing, proxy: LayerProxy, group: str) -> zmq.Socket:
    socket = open_subscriber(context, keyring, Role.WEB, proxy.subscribe_address)
    socket.subscribe(group_topic(group))
    return socket


def heard(publisher: LayerPublisher, subscriber: zmq.Socket, group: str) -> bool:
    """Whether the subscription is in force: said with a message that no test sends."""
    publisher.group_send(group, {"type": "probe"})
    return bool(subscriber.poll(5))


def messages(subscriber: zmq.Socket) -> Iterator[dict]:
    while subscriber.poll(20_000):
        message = msgspec.msgpack.decode(subscriber.recv_multipart()[1])
        if message["type"] != "probe":
            yield message


def test_what_is_published_reaches_the_subscribers_of_the_group(context, keyring, proxy, publisher) -> None:
    subscribers = [subscribed(context, keyring, proxy, "g") for _ in range(2)]
    for subscriber in subscribers:
        until(lambda subscriber=subscriber: heard(publisher, subscriber, "g"))
    assert publisher.group_send("g", {"type": "tick", "n": 1})
    assert [next(messages(subscriber)) for subscriber in subscribers] == [{"type": "tick", "n": 1}] * 2


def test_a_group_does_not_hear_one_whose_name_begins_with_its_own(context, keyring, proxy, publisher) -> None:
    subscriber = subscribed(context, keyring, proxy, "md.1")
    until(lambda: heard(publisher, subscriber, "md.1"))
    publisher.group_send("md.11", {"type": "foreign"})
    publisher.group_send("md.1", {"type": "own"})
    assert next(messages(subscriber)) == {"type": "own"}


def test_a_frame_of_a_mebibyte_passes_whole(context, keyring, proxy, publisher) -> None:
    subscriber = subscribed(context, keyring, proxy, "g")
    until(lambda: heard(publisher, subscriber, "g"))
    frame = bytes(range(256)) * 4096
    publisher.group_send("g", {"type": "frame", "data": frame})
    assert next(messages(subscriber))["data"] == frame


def test_without_a_proxy_a_message_is_dropped_and_counted(context, keyring) -> None:
    publisher = LayerPublisher(context, keyring, Role.FEED_BRIDGE, "tcp://127.0.0.1:1")
    assert not publisher.group_send("g", {"type": "tick"})
    assert (publisher.dropped, publisher.connected) == (1, False)


def test_a_publisher_notices_that_the_proxy_went_and_came_back(context, keyring) -> None:
    proxy = LayerProxy(keyring, ANY, ANY)
    publisher = LayerPublisher(context, keyring, Role.FEED_BRIDGE, proxy.publish_address)
    until(lambda: publisher.wait_connected(0.1))
    proxy.stop()
    until(lambda: not publisher.group_send("g", {"type": "tick"}))
    assert publisher.dropped == 1
    again = LayerProxy(keyring, proxy.publish_address, proxy.subscribe_address)
    until(lambda: publisher.wait_connected(0.1))
    assert publisher.group_send("g", {"type": "tick"})
    again.stop()


def test_a_publisher_whose_queue_is_full_drops_and_counts_and_never_blocks(context, keyring) -> None:
    stuck = configure(context.socket(zmq.XSUB), hwm=1)  # a proxy that reads nothing
    stuck.bind("inproc://stuck")
    publisher = LayerPublisher(context, keyring, Role.FEED_BRIDGE, "inproc://stuck")
    stuck.send(b"\x01")
    until(lambda: publisher.wait_connected(0.1))
    sent = sum(publisher.group_send_encoded("g", b"x" * 1000) for _ in range(5000))
    assert 0 < sent < 5000
    assert publisher.dropped == 5000 - sent


def test_the_proxy_refuses_a_role_that_has_no_business_there(context, keyring, proxy) -> None:
    publisher = LayerPublisher(context, keyring, Role.RECORDER, proxy.publish_address)
    subscriber = open_subscriber(context, keyring, Role.RECORDER, proxy.subscribe_address)
    until(lambda: proxy.gatekeeper.refused == {("layer", "key"): 2})
    assert not publisher.wait_connected(0)
    assert not subscriber.poll(0)


def test_the_proxy_refuses_peers_without_a_key(context, proxy, publisher) -> None:
    strangers = [configure(context.socket(pattern), hwm=1) for pattern in (zmq.PUB, zmq.SUB)]
    for stranger, address in zip(strangers, (proxy.publish_address, proxy.subscribe_address), strict=True):
        stranger.connect(address)
    until(lambda: proxy.gatekeeper.refused == {("layer", "mechanism"): 2})
    assert publisher.group_send("g", {"type": "tick"})


def test_an_address_in_use_is_an_error_and_leaves_nothing_behind(keyring, proxy) -> None:
    with pytest.raises(zmq.ZMQError):
        LayerProxy(keyring, ANY, proxy.subscribe_address)


def test_a_stopped_proxy_can_be_stopped_again(keyring) -> None:
    proxy = LayerProxy(keyring, ANY, ANY)
    proxy.stop()
    proxy.stop()
