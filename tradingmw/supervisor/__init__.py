"""How do the parts of one machine start, live and stop together? What `manage.py up` runs."""
