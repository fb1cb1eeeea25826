"""One module for each peer, with a function `make(work)` that gives a callable: the work done once."""
