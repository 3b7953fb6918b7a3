"""How fast is this, compared with whom? `python bench/run.py`; see docs/performance.md."""
