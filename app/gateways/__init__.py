"""The outside world as we speak to it: payment gateways, Google, mail. They know kernel words only."""
