"""The shop as real processes while everything around it breaks: `just chaos --seed N --seconds S`.

Two web processes and three bus workers on a PostgreSQL and a Redis-compatible server of their own.
Clients buy, cancel and pay again over HTTP and write down every request and what came of it; a
seeded schedule of faults (faults.py) breaks one thing after the other. Then all is healed, the bus
comes to rest, and what the clients were told is held against what the database has (verdict.py).
"""
