"""CDNOW, a store whose customers many have published about: our figures beside theirs."""
