"""How fast it is: ours and the bare limit in turn, on one machine, with the books checked at the end. `make bench`."""
