"""How does a bench reach a running product? Log in, get tickets, describe the machine, print figures."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

DEMO_PASSWORD = "demo-Passw0rd!"


def logged_in(url: str, username: str) -> httpx.Client:
    """A client that carries the access token of one of the demo users."""
    client = httpx.Client(base_url=url, timeout=30)
    answer = client.post(
        "/api/v1/auth/login", json={"username": username, "password": DEMO_PASSWORD}
    ).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"
    return client


def ticket(client: httpx.Client) -> str:
    return str(client.post("/api/v1/auth/ws-ticket", json={}).raise_for_status().json()["ticket"])


def socket_url(url: str, path: str, client: httpx.Client) -> str:
    return f"{url.replace('http', 'ws', 1)}{path}?ticket={ticket(client)}"


def machine() -> str:
    """One line: processor, cores, system, Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    processor = models[0] if models else platform.processor()
    return f"{processor}, {os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def report(title: str, rows: list[dict[str, Any]], as_json: bool) -> None:
    """A table for people, or one JSON document for machines."""
    if as_json:
        print(json.dumps({"title": title, "machine": machine(), "rows": rows}))
        return
    table = Table(title=title, caption=machine())
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row.values()))
    Console().print(table)
