"""Messages to people: one message for one cause, whoever is killed on the way."""
