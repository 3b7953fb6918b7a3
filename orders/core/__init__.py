"""What happens to orders? Pure decisions: `(state, input) → draft`, with clock and ids handed in; no I/O."""
