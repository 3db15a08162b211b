"""Companies that buy: carts from lists, prices for businesses, approvers, and invoices on credit."""
