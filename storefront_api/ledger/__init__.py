"""Double entry: where every order's money came from and went to, never changed afterwards.

Money moves between accounts by transfers. Of a transfer's entries a positive amount is a credit and
a negative one a debit: what the store owes or has earned grows above zero, what it owns or has
spent below. The entries of a transfer sum to zero in each unit, which the database checks.
"""
