"""How does the engine's market data become frames that every web process can hand on as they are?"""

from marketdata.feed.bridge import FeedBridge

__all__ = ["FeedBridge"]
