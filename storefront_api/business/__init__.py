"""Companies that buy: carts from lists, their prices, approvers, and invoices on credit."""
