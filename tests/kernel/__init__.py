"""Money, ids, states: the words that every room speaks."""
