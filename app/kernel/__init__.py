"""Words that every room speaks: money, time, ids, errors, events, states. Standard library only."""
