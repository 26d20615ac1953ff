"""Hours for those who wait: such as came free, and such as would be worth adding."""
