"""How fast is this, compared with whom? `python3 bench/run.py`; see docs/performance.md."""
