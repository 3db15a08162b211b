"""Commands that repair the event backbone: dead letters."""
