"""What may a client ask on the market socket?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from accounts.permissions import needs
from accounts.policy import Function
from accounts.sockets import AuthenticatedConsumer, Nothing, Pushes
from accounts.sockets.methods import Handler
from marketdata.facts import hidden_from
from marketdata.hub import Heartbeat, MarketHub, Options, Subscriber, market_hub, sink_of
from marketdata.hub.options import HIGHEST_RATE, LOWEST_RATE, PLAIN, in_order
from marketdata.items import CHOOSABLE, BookItem, Channel, QuoteItem, QuoteUpdate, TradeItem, TradesItem
from notifications.readers import in_reader
from tradingmw.env import env
from tradingmw.errors import Code, Forbidden, InvalidRequest, NotFound, TooManyRequests, TradingError

SYMBOLS_AT_ONCE = 1_000

ChannelName = Annotated[str, Meta(extra_json_schema={"enum": [channel.value for channel in Channel]})]
Symbols = Annotated[list[str], Meta(min_length=1, max_length=SYMBOLS_AT_ONCE)]
Depth = Literal[1, 5, 10, 25, 50]  #: few, so that sockets share what is made for each
MaxRate = Annotated[
    float,
    Meta(
        ge=LOWEST_RATE,
        le=HIGHEST_RATE,
        description="Items a second of each symbol: a later update stands for those before. Trades all come.",
    ),
]
FieldName = Annotated[str, Meta(extra_json_schema={"enum": list(CHOOSABLE)})]
Fields = Annotated[
    list[FieldName],
    Meta(
        min_length=1,
        max_length=len(CHOOSABLE),
        description="Quotes only with these fields, and only when one of them or `quality` changed; an item may also "
        "only bring `seq` up to date. What tells which update it is and how fresh (`seq`, `ts`, `quality`, `ageMs` …) "
        "cannot be left out; with `delta`, `quality` and `ageMs` come where they changed. Null: all fields.",
    ),
]
NAME_SHOWN = 40  #: characters of a wrong name that its refusal repeats


class Following(Struct, frozen=True, rename="camel"):
    """Fields that we do not know are ignored. Subscribing again changes the options of what is followed already."""

    channel: ChannelName
    symbols: Symbols
    snapshot: bool = True
    depth: Annotated[Depth | None, Meta(description="Best levels of a book; null: all.")] = None
    max_rate: MaxRate | None = None
    delta: Annotated[bool | None, Meta(description="Quotes only with their changed fields.")] = False
    fields: Fields | None = None


class Leaving(Struct, frozen=True):
    """Fields that we do not know are ignored."""

    channel: ChannelName
    symbols: Symbols


class SymbolAnswer(Struct, frozen=True):
    """Is the symbol followed, and if not, why?"""

    status: Literal["ok", "error"]
    code: Code | UnsetType = UNSET


class Followed(Struct, frozen=True):
    symbols: dict[str, SymbolAnswer]


class Chosen(Struct, frozen=True, rename="camel", omit_defaults=True):
    """The options of a subscription that has any."""

    depth: int | None = None
    max_rate: float | None = None
    delta: bool = False
    fields: tuple[FieldName, ...] | None = None


class Followings(Struct, frozen=True):
    """The symbols of each channel that is followed, and the options of those that have any."""

    channels: dict[ChannelName, list[str]]
    options: dict[ChannelName, dict[str, Chosen]] | UnsetType = UNSET


FOLLOWED = SymbolAnswer("ok")
NOT_CARRIED = SymbolAnswer("error", Code.UNKNOWN_SYMBOL)
TOO_MANY = SymbolAnswer("error", Code.SUBSCRIPTION_LIMIT)
HIDDEN = SymbolAnswer("error", Code.FORBIDDEN)


def channel_of(name: str) -> Channel:
    if name not in set(Channel):
        raise InvalidRequest("Channels here are quotes, trades and book.", code=Code.UNKNOWN_CHANNEL)
    return Channel(name)


def options_of(asked: Following, channel: Channel) -> Options:
    """Those that mean something on the channel; InvalidRequest for a depth where there is no book, and for fields."""
    if asked.depth is not None and channel is not Channel.BOOK:
        raise wrong("depth", "Only the channel book has a depth.")
    fields = None if asked.fields is None else fields_of(asked.fields, channel)
    return Options(asked.depth, asked.max_rate, bool(asked.delta), fields).on(channel)


def fields_of(names: Iterable[str], channel: Channel) -> tuple[str, ...]:
    """The chosen fields; InvalidRequest where there is nothing to choose, or not these."""
    if channel is not Channel.QUOTES:
        raise wrong("fields", "Only the channel quotes has fields to choose.")
    if unknown := [name[:NAME_SHOWN] for name in dict.fromkeys(names) if name not in CHOOSABLE]:
        raise wrong("fields", f"No fields to choose: {', '.join(unknown)}. There are {', '.join(CHOOSABLE)}.")
    return in_order(names)


def wrong(option: str, detail: str) -> InvalidRequest:
    errors = [{"attr": option, "code": "invalid", "detail": detail}]
    return InvalidRequest(detail, code=Code.INVALID_PARAMS, errors=errors)


def chosen(wants: Mapping[str, Options]) -> dict[str, Chosen]:
    return {symbol: Chosen(*options) for symbol, options in sorted(wants.items()) if options != PLAIN}


def refusal(answers: Iterable[SymbolAnswer]) -> TradingError:
    """Why none of the symbols is followed."""
    if TOO_MANY in answers:
        return TooManyRequests("The socket follows as many symbols as it may.", code=Code.SUBSCRIPTION_LIMIT)
    if HIDDEN in answers:
        return Forbidden("Your market data includes none of the symbols.")
    return NotFound("None of the symbols is carried.", code=Code.UNKNOWN_SYMBOL)


class MarketConsumer(AuthenticatedConsumer):
    """`/ws/v1/market`: quotes, trades and books. The hub sends; this only says who follows what."""

    subscriber: Subscriber
    pushes: ClassVar[dict[str, Pushes]] = {
        "quotes": Pushes("The best prices and sizes, last, volume and the day's figures.", QuoteUpdate, QuoteItem),
        "trades": Pushes("Each trade; the snapshot holds the last ones.", TradeItem, TradesItem),
        "book": Pushes(
            "The levels that changed; the snapshot, and after a long pause, all of them.", BookItem, BookItem
        ),
        "heartbeat": Pushes("Each second: the feed's state and age.", Heartbeat),
    }

    async def on_authenticated(self) -> None:
        self.subscriber = Subscriber(sink_of(self.scope, self.write), self.format)
        market_hub().hub.join(self.subscriber)

    async def on_disconnect(self) -> None:
        market_hub().hub.leave(self.subscriber)

    @needs(Function.MARKET_READ)
    async def subscribe(self, asked: Following) -> Followed:
        """Follow symbols on a channel; `ok` if one of them can be. Snapshots come after the result, then updates."""
        channel = channel_of(asked.channel)
        options = options_of(asked, channel)
        market = market_hub()
        await market.ready()
        symbols = dict.fromkeys(asked.symbols)
        answers = self._answers(market, channel, symbols, await self._hidden(symbols))
        followed = [symbol for symbol, answer in answers.items() if answer is FOLLOWED]
        if not followed:
            raise refusal(answers.values())
        market.hub.subscribe(self.subscriber, channel, followed, snapshot=asked.snapshot, options=options)
        return Followed(answers)

    async def _hidden(self, symbols: Collection[str]) -> frozenset[str]:
        """Those that the user's entitlement leaves out; most users have none, and nothing is looked up."""
        return frozenset() if self.rights.sees_all_data else await in_reader(hidden_from)(self.rights, symbols)

    def _answers(
        self, market: MarketHub, channel: Channel, symbols: Iterable[str], hidden: frozenset[str]
    ) -> dict[str, SymbolAnswer]:
        """Which of `symbols` may be followed: those that are, and as many more as the socket may."""
        known = self.subscriber.wants.get(channel, {})
        room = env().market_subscriptions - sum(map(len, self.subscriber.wants.values()))
        answers: dict[str, SymbolAnswer] = {}
        for symbol in symbols:
            seen = HIDDEN if symbol in hidden else FOLLOWED
            answers[symbol] = seen if market.carries(symbol) else NOT_CARRIED
            if answers[symbol] is FOLLOWED and symbol not in known:
                room -= 1
                answers[symbol] = FOLLOWED if room >= 0 else TOO_MANY
        return answers

    async def unsubscribe(self, asked: Leaving) -> Followed:
        """Follow symbols on a channel no more."""
        market_hub().hub.unsubscribe(self.subscriber, channel_of(asked.channel), asked.symbols)
        return Followed(dict.fromkeys(asked.symbols, FOLLOWED))

    async def unsubscribe_all(self, _params: Nothing) -> Nothing:
        """Follow nothing any more."""
        for channel, symbols in self.subscriber.wants.items():
            market_hub().hub.unsubscribe(self.subscriber, channel, tuple(symbols))
        return Nothing()

    async def subscriptions(self, _params: Nothing) -> Followings:
        """Which symbols are followed on which channel, and how?"""
        followed = {channel: wants for channel, wants in self.subscriber.wants.items() if wants}
        options = {str(channel): told for channel, wants in followed.items() if (told := chosen(wants))}
        return Followings({channel: sorted(wants) for channel, wants in followed.items()}, options or UNSET)

    methods: ClassVar[dict[str, Handler]] = {
        "subscribe": subscribe,
        "unsubscribe": unsubscribe,
        "unsubscribeAll": unsubscribe_all,
        "subscriptions": subscriptions,
    }
