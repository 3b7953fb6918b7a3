"""Who may see the web process's figures, and where? `/metrics`, from the networks that a setting names."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bridge.sockets.pump import process_pump
from tradingmw.env import env
from tradingmw.errors import NotFound
from tradingmw.exposition import figures_of, show_process
from tradingmw.metrics import PUMP_WAITING
from tradingmw.problem import problem_response


async def web_metrics_shown() -> None:
    """For the start of the web process."""
    show_process("web")
    PUMP_WAITING.read_from(lambda: process_pump().waiting)


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """`/metrics` of the web process, for the networks that `TMW_METRICS_ALLOWED` names; nobody else learns of it."""
    if not is_allowed(request.META.get("REMOTE_ADDR", ""), tuple(env().metrics_allowed)):
        return problem_response(request, NotFound())
    return HttpResponse(generate_latest(figures_of("web")), content_type=CONTENT_TYPE_LATEST)


def is_allowed(address: str, networks: tuple[str, ...]) -> bool:
    """Whether `address` lies in one of `networks`; an address that is none lies in none."""
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(asked in ipaddress.ip_network(network, strict=False) for network in networks)
