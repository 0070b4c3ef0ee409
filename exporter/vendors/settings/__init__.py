"""The settings of an account: their types, the checks of one entry under `accounts`, and the texts about mistakes."""
