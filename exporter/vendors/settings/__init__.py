"""The settings of an account: their types, the checks of one entry under `accounts`, and what to say of mistakes."""
