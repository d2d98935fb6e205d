"""The outside world on loopback: the Konnect gateway, Google and a mailbox, over real sockets, with faults to order.

Development, the demo, the tests and the fault drills run the production code paths against it: only base URLs differ.
It imports nothing of the system it serves, and listens and calls on loopback only. What it has said outlives it where
it is given a directory; faults on order do not.
"""
