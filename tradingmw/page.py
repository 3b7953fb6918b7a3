"""What does a trader see at `/`? A shell; all the rest is plain ES modules that use the public contract only."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def terminal(request: HttpRequest) -> HttpResponse:
    """The terminal page; it holds no data of anyone, so it needs no login."""
    return render(request, "tradingmw/terminal.html")
