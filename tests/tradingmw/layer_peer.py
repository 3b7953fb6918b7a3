"""The second process of the layer tests: answers every question until told to end.

Usage: layer_peer.py BACKEND CONFIG, the import path of a layer class and its settings as JSON.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


async def answer(layer: Any) -> None:
    channel = await layer.new_channel()
    await layer.group_add("questions", channel)
    sys.stdout.write("joined\n")
    sys.stdout.flush()
    while (message := await layer.receive(channel))["type"] != "end":
        await layer.group_send("answers", {"type": "answer", "n": message["n"], "size": len(message["data"])})


if __name__ == "__main__":
    module, _, name = sys.argv[1].rpartition(".")
    asyncio.run(answer(getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))))
