"""Measures Sallyport against the gateways it wants to beat. See README.md."""
