"""Do two stacks on one machine get out of each other's way?"""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tradingmw.env import Env
from tradingmw.field_keys import field_key_make
from tradingmw.supervisor.addresses import ENGINE, HOST, INTERNAL, LAYER, PORTS, Ports, PortTaken, choose_addresses
from tradingmw.supervisor.parts import parts_of


def listen(port: int) -> socket.socket:
    """As our servers do it: sharing the address."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((HOST, port))
    server.listen()
    return server


def test_chosen_ports_are_different_and_below_those_of_outgoing_connections() -> None:
    with closing(Ports()) as ports:
        chosen = {ports.choose() for _ in range(50)}
    assert len(chosen) == 50
    assert max(chosen) < PORTS.stop <= 32_768


def test_a_server_can_listen_on_a_port_that_is_reserved_for_it() -> None:
    with closing(Ports()) as ports:
        port = ports.choose()
        with closing(listen(port)), socket.create_connection((HOST, port), timeout=5):
            pass
        with closing(listen(port)):  # and again, after its first life
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="reservations are held on Linux")
def test_a_reserved_port_looks_taken_to_others() -> None:
    with closing(Ports()) as ports, socket.socket() as other, pytest.raises(OSError):
        other.bind((HOST, ports.choose()))


def test_a_port_somebody_listens_on_is_named_as_taken() -> None:
    with closing(Ports()) as ports, closing(Ports()) as others:
        port = others.choose()
        with closing(listen(port)), pytest.raises(PortTaken, match=str(port)):
            ports.claim(HOST, port)


def test_every_address_of_the_demo_is_chosen_and_in_production_the_engine_keeps_its_own(tmp_path: Path) -> None:
    demo = Env(data_dir=tmp_path)
    real = Env(
        environment="production",
        secret_key="x" * 50,
        field_keys=field_key_make("test"),
        keys_dir=tmp_path,
        allowed_origins=["https://desk.example"],
        allowed_hosts=["desk.example"],
    )
    with closing(Ports()) as ports:
        assert set(choose_addresses(demo, ports)) == {*ENGINE, *INTERNAL, *LAYER}
        assert set(choose_addresses(real, ports)) == {*INTERNAL, *LAYER}


def test_the_addresses_chosen_are_all_the_addresses_there_are(tmp_path: Path) -> None:
    links = {name for name, value in Env(data_dir=tmp_path).model_dump().items() if str(value).startswith("tcp://")}
    assert links == {*ENGINE, *INTERNAL, *LAYER}


def test_an_engine_that_runs_already_keeps_its_addresses_and_no_other_is_started(tmp_path: Path) -> None:
    with closing(Ports()) as ports:
        chosen = choose_addresses(settings := Env(data_dir=tmp_path, engine_external=True), ports)
    assert chosen.keys() == {*INTERNAL, *LAYER}
    assert [part.name for part in parts_of(settings) if part.is_engine] == []
    assert [part.name for part in parts_of(Env(data_dir=tmp_path)) if part.is_engine] == ["engine"]


def test_a_second_order_bridge_runs_only_where_it_is_asked_for(tmp_path: Path) -> None:
    settings = Env(data_dir=tmp_path)
    assert {part.name for part in parts_of(settings, standby=True)} - {part.name for part in parts_of(settings)} == {
        "standby"
    }
