"""How much Slotwise takes at once, how soon it decides, and what that costs: `make load`."""
