"""A client of the public API that plays the story of one paid booking. It knows nothing of the code that answers."""
