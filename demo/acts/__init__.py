"""The acts of the story, one a file; demo/story.py says in which order they are played."""
