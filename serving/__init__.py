"""EcoMarket."""
