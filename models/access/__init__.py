"""Who may do what: people who sign in, systems with tokens, how far each of them reaches, and what they are called in
the audit.
"""
