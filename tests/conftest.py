"""What do all tests share? The option `--long`, and stacks: a whole `manage.py up` per module that asks for one.

Hypothesis measures no time: the machine is shared, and slowness is not a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.redis_server import RedisServer
from tests.stack import Stack

pytest_plugins = ["tests.scoreboard"]
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the loops and soaks marked `long`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="runs with --long"))


@pytest.fixture(scope="module")
def make_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """`make_stack(symbols=50, rate=1000)`: a stack that is ready; flags of `up` as keywords. Ended with the module."""
    with ExitStack() as made:

        def make(*, started: bool = True, **options: Any) -> Stack:
            stack = Stack(options.pop("data_dir", None) or tmp_path_factory.mktemp("stack"), **options)
            made.callback(stack.end)
            return stack.start() if started else stack

        yield make


@pytest.fixture(scope="module")
def stack(make_stack: Callable[..., Stack]) -> Stack:
    """The module's stack, with the demo market."""
    return make_stack(seed=1)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of the test's own, which it may kill, freeze and empty."""
    server = RedisServer(tmp_path).start()
    yield server
    server.end()
