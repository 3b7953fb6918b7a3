"""What does a trader see at `/`? A shell; all the rest is plain ES modules that use the public contract only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tradingmw.problem import only_read


def terminal(request: HttpRequest) -> HttpResponse:
    """The terminal page; it holds no data of anyone, so it needs no login."""
    return only_read(request) or render(request, "tradingmw/terminal.html")
