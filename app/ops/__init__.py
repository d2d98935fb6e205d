"""Back office: health, the books, dead letters, alarms, the clock of demo and test."""
