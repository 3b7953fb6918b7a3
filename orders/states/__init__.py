"""How do people restrict trading, see what binds them, and let go again?"""
