def measure(work, peer, arguments):
    raise NotImplementedError
