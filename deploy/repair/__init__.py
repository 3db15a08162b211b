"""Commands that watch over the event backbone and repair it: the contract, dead letters."""
