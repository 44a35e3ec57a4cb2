"""Causes of mail that circles between systems until a server counts too many hops."""
