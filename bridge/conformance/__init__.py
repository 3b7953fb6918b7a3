"""Does an engine speak the link? Checks that play both sides' part of `docs/engine-link.md` against any engine."""
