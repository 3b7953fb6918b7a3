"""How do users' settings change? One function per verb, one transaction each; writers of one user take turns."""
