"""A recorded session played again: Snapshots as the live panes draw them, made of its journal alone. Knows no instrument and no bench."""
