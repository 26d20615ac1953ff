"""How people sign in and out, and what they see of their own account."""
