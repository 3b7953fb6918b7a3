"""Which figures does each process show to Prometheus? Every one is declared here, as `tmw_<part>_<what>_<unit>`.

Most are read at the scrape from counters that the code keeps anyway: `LINK_STATE.read_from(...)`. Only latencies and
sizes are observed as they happen, about a microsecond each. Labels take few values, never what a client sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import REGISTRY, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)
Figures = float | Mapping[str, float]

#: seconds: from a millisecond's fraction to the ten that a caller may wait
LATENCIES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES: Final = (1, 2, 4, 8, 16, 32, 64)


class Reading:
    """A figure that is read when Prometheus asks. Shown once somebody has said where it is read."""

    def __init__(self, name: str, what: str, label: str = "", *, counter: bool = False) -> None:
        self._name, self._what, self._label, self._counter = name, what, label, counter
        self._source: Callable[[], Figures] | None = None
        _readings.append(self)

    def read_from(self, source: Callable[[], Figures]) -> None:
        """`source()`: a number, or numbers by the label's values. Any thread calls it; a later source replaces it."""
        self._source = source

    def family(self) -> Metric | None:
        """What is shown now; None for nothing. Never raises: one broken figure must not hide the others."""
        if self._source is None:
            return None
        try:
            return self._read(self._source())
        except Exception:
            logger.exception("A figure could not be read", extra={"figure": self._name})
            return None

    def _read(self, figures: Figures) -> Metric:
        kind = CounterMetricFamily if self._counter else GaugeMetricFamily
        if not isinstance(figures, Mapping):
            return kind(self._name, self._what, value=figures)
        family = kind(self._name, self._what, labels=[self._label])
        for value, figure in tuple(figures.items()):
            family.add_metric([str(value)], figure)
        return family


class ReadingsCollector(Collector):
    """All readings of this process."""

    def collect(self) -> Iterable[Metric]:
        return [family for reading in _readings if (family := reading.family()) is not None]

    def describe(self) -> Iterable[Metric]:
        return []  # else each source would be read at the registration


def count_of(name: str, what: str, label: str = "") -> Reading:
    """A figure that only grows."""
    return Reading(name, what, label, counter=True)


def one_of(state: str, states: Iterable[str]) -> dict[str, float]:
    """1 for the state that holds, 0 for the others."""
    return {each: float(each == state) for each in states}


disable_created_metrics()  # type: ignore[no-untyped-call]  # a further series each, and the process start says it
_readings: list[Reading] = []
REGISTRY.register(ReadingsCollector())

# --- every process -------------------------------------------------------------------------------------------------
PROCESS_INFO = Reading("tmw_process_info", "1, with the name of the part.", "part")
PROCESS_MEMORY = Reading("tmw_process_resident_bytes", "Memory that the process has in RAM.")
PROCESS_CPU = count_of("tmw_process_cpu_seconds", "Processor time of the process, user and system.")
PROCESS_THREADS = Reading("tmw_process_threads", "Threads of the process.")
GC_RUNS = count_of("tmw_process_gc_runs", "Garbage collections.", "generation")
GC_SECONDS = count_of("tmw_process_gc_pause_seconds", "Time that these stopped the process.", "generation")
GC_LONGEST = Reading("tmw_process_gc_longest_pause_seconds", "The longest of them.")
PUMP_WAITING = Reading("tmw_process_pump_waiting_messages", "ZeroMQ messages that wait to be sent, all ports together.")

# --- web -----------------------------------------------------------------------------------------------------------
HTTP_SECONDS = Histogram(
    "tmw_web_http_seconds", "From the request's head to the answer's end.", ["method", "route"], buckets=LATENCIES
)
HTTP_RESPONSES = Counter("tmw_web_http_responses", "Answers.", ["method", "route", "status"])
SOCKETS = Reading("tmw_web_sockets", "WebSockets open now.", "path")
SOCKETS_OPENED = count_of("tmw_web_sockets_opened", "WebSockets ever opened.", "path")
SOCKETS_REFUSED = count_of("tmw_web_sockets_refused", "WebSockets that were not let in.", "reason")
SOCKETS_ENDED = count_of("tmw_web_sockets_ended", "WebSockets closed for what their clients did.", "reason")
SOCKET_UNSENT_LONGEST = Reading("tmw_web_socket_unsent_longest_bytes", "Waits for the slowest WebSocket's client.")
HEADS_REFUSED = count_of("tmw_web_heads_refused", "Connections closed before a request's head was complete.", "reason")
TASKS = Reading("tmw_web_tasks", "Tasks of the event loop.")
LOOP_LAG = Histogram("tmw_web_loop_lag_seconds", "How late the event loop wakes a timer.", buckets=LATENCIES)
ORDER_ANSWER_SECONDS = Histogram(
    "tmw_web_order_answer_seconds", "From the question to the order bridge's answer.", ["request"], buckets=LATENCIES
)
ORDER_REQUESTS_WAITING = Reading("tmw_web_order_requests_waiting", "Questions to the order bridge without an answer.")
ATTENDANCE_FAULTS = count_of("tmw_web_attendance_faults", "Times the order bridge could not be told who is connected.")
ORDER_CLIENT_FAULTS = count_of("tmw_web_order_client_faults", "Answers of the bridge that nobody waits for.", "reason")
LIMITED = count_of("tmw_web_rate_limited", "Writes refused because their user asked for too many.")
LOGINS_REFUSED = count_of("tmw_web_logins_refused", "Attempts to log in that were not looked at.", "reason")
LOGINS_LOCKED = count_of("tmw_web_logins_locked", "User names and devices that new attempts were shut off from.")
HASHINGS_REFUSED = count_of("tmw_web_hashings_refused", "Passwords not looked at because too many log in at once.")
HUB_SOCKETS = Reading("tmw_web_hub_sockets", "Sockets that follow the market.")
HUB_GROUPS = Reading("tmw_web_hub_groups", "Sets of symbols that sockets follow, each once.")
HUB_PAUSED = Reading("tmw_web_hub_paused_sockets", "Of them, those whose client does not keep up.")
HUB_WAITING = Reading("tmw_web_hub_waiting_frames", "Frames that wait for a state of the market.")
HUB_EVENTS = count_of("tmw_web_hub_events", "Frames, updates, gaps, pauses, merges: what the hub has met.", "event")
HUB_FLUSH_INTERVAL = Reading("tmw_web_hub_flush_interval_seconds", "Between two flushes now, at least; 0: at once.")
HUB_FLUSH_COST = Reading("tmw_web_hub_flush_cost_seconds", "What a flush takes, smoothed.")
HUB_BYTES = count_of("tmw_web_hub_written_bytes", "Market data written to sockets.")
WEB_FEED_STATE = Reading("tmw_web_feed_state", "1 for the feed's state as screens are told.", "state")
WEB_FEED_AGE = Reading("tmw_web_feed_age_seconds", "Since the engine's feed was last heard; absent before.")
LAYER_DROPS = count_of("tmw_web_layer_drops", "Messages of the channel layer that were lost.", "reason")
SEND_QUEUE_BYTES = Reading("tmw_web_send_queue_bytes", "Waits to be sent on private sockets, all together.")
SEND_QUEUE_LONGEST = Reading("tmw_web_send_queue_longest_bytes", "The same for the socket with most of it.")

# --- order bridge --------------------------------------------------------------------------------------------------
ACCEPT_SECONDS = Histogram("tmw_orders_accept_seconds", "From a new order's arrival to its commit.", buckets=LATENCIES)
ENGINE_ANSWER_SECONDS = Histogram(
    "tmw_orders_engine_answer_seconds", "From an order's decision to the engine's first report.", buckets=LATENCIES
)
BATCH_INPUTS = Histogram("tmw_orders_batch_inputs", "Inputs decided and committed together.", buckets=SIZES)
COMMIT_SECONDS = Histogram("tmw_orders_commit_seconds", "A batch's transaction.", buckets=LATENCIES)
ORDER_EVENTS = count_of("tmw_orders_events", "What has happened to orders.", "event")
CORE_EVENTS = count_of("tmw_orders_core_events", "Repeats, gaps, late requests, postponements.", "event")
SAFEGUARDS = Reading("tmw_orders_safeguards", "Guarded sessions, and accounts whose cancel-after runs.", "kind")
SAFEGUARDS_FIRED = count_of("tmw_orders_safeguards_fired", "Disconnects and timers that cancelled orders.", "kind")
ORDERS_OPEN = Reading("tmw_orders_open", "Orders that have not ended.")
INBOX = Reading("tmw_orders_inbox_inputs", "Inputs that wait for the core.", "line")
ORDERS_REFUSED = count_of("tmw_orders_refused", "Requests that were not let in to wait for the core.", "reason")
OVERLOAD_LEVEL = Reading("tmw_orders_overload_level", "Tiers whose new orders are refused, the lowest first; 0: none.")
OUTBOX = Reading("tmw_orders_outbox_batches", "Committed batches whose consequences have not left.")
CORE_AGE = Reading("tmw_orders_core_age_seconds", "Since the core last finished a pass.")
LINK_STATE = Reading("tmw_orders_link_state", "1 for the state of the engine link.", "state")
LINK_FAULTS = count_of("tmw_orders_link_faults", "Messages of the engine that were refused.", "reason")
DOOR_FAULTS = count_of("tmw_orders_door_faults", "Requests not understood, answers not delivered.", "reason")
LAST_HOP = count_of("tmw_orders_last_hop", "New orders and changes at the last look before the socket.", "outcome")
TRIPPED = Reading("tmw_orders_tripped", "1 while nothing new is sent to the engine until a person has looked.")
JOURNAL_COUNTS = count_of("tmw_orders_journal_counts", "What the count of the journalled commands has seen.", "what")
MARK_AGE = Reading("tmw_orders_mark_age_seconds", "Since the core's reference prices were asked for.")
MARKS = Reading("tmw_orders_marks", "Reference prices that the core may rely on, and others.", "state")
MARK_REQUESTS = count_of("tmw_orders_mark_requests", "How questions for reference prices fared.", "outcome")
ORDERS_LAYER_DROPS = count_of("tmw_orders_layer_drops", "Wake-ups that could not be sent.")

# --- feed bridge ---------------------------------------------------------------------------------------------------
FEED_STATE = Reading("tmw_feed_state", "1 for the feed's state.", "state")
FEED_AGE = Reading("tmw_feed_age_seconds", "Since the engine's most silent topic was heard.")
FEED_REJECTED = count_of("tmw_feed_rejected", "What the engine said and could not be believed.", "reason")
FEED_MISSED = count_of("tmw_feed_missed_batches", "Batches that the engine numbered and that never came.")
FEED_REPAIRS = count_of("tmw_feed_repairs", "Why the market was fetched anew: gaps, new epochs and the like.", "reason")
FEED_FRAMES = count_of("tmw_feed_frames", "Frames published.")
FEED_UPDATES = count_of("tmw_feed_updates", "Updates published.")
FEED_REQUESTS = count_of("tmw_feed_state_requests", "How requests for the whole state fared.", "outcome")
FEED_LAYER_DROPS = count_of("tmw_feed_layer_drops", "Frames that could not be sent.")

ALERTS_WATCHED = Reading("tmw_feed_alerts_watched", "Price alerts that wait for their price.")
ALERTS_FIRED = count_of("tmw_feed_alerts_fired", "Price alerts that have fired.")
ALERT_FAULTS = count_of("tmw_feed_alert_faults", "What the watch over the alerts has survived.", "kind")
ALERT_AGE = Reading(
    "tmw_feed_alert_look_age_seconds", "Since the alerts were last looked at; up to 5 when all is well."
)

# --- worker --------------------------------------------------------------------------------------------------------
OUTBOX_OLDEST = Reading("tmw_worker_outbox_oldest_due_seconds", "How long a task is due that nobody has taken.")
OUTBOX_PARKED = Reading("tmw_worker_outbox_parked_tasks", "Tasks given up: they wait for a person.")

# --- development engine --------------------------------------------------------------------------------------------
ENGINE_FAULTS = count_of("tmw_engine_faults", "Messages that could not be read.", "reason")
ENGINE_EPOCH = Reading("tmw_engine_epoch", "The number of this life of the engine.")
