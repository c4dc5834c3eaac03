"""topbalance: leads a person through top-balancing LiFePO4 cells and guards every volt on the way."""
