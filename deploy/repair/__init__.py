"""Commands that repair the event backbone: dead letters, and topics read again."""
