"""The settings of accounts: the types, the checks of one entry under `accounts`, and the error messages."""
