"""Commands that watch over the event backbone and repair it."""
