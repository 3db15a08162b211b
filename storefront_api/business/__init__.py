"""Companies that buy: carts from lists, prices of their own, approvers, invoices on credit."""
