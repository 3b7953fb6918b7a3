"""Do orders survive everything at once? The real core in a simulated world, every moment of which a seed decides.

    python -m tests.orders.simulation 17          what happens under seed 17, moment by moment
    python -m tests.orders.simulation 0 10000     every seed of a range; the failing ones are named

Real are the core, the lifecycle, the intake and the queue of departing commands. Simulated are the clocks, the network,
the database, the engine, the traders and every process. `docs/decisions/0028-simulation.md` says why it is made so.
"""
