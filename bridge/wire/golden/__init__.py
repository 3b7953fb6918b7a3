"""Which bytes must both sides of the link agree on? Made by `python -m bridge.wire.golden`, kept in `../vectors/`."""
