"""Instruments of topbalance: supplies, meters, the embedded bench. Knows bytes, volts and amperes; nothing of banks, files or screens."""
