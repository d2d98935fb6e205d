"""Accounts, transactions, entries, holds and wallets. Written only by the SQL functions of schema `ledger`."""
