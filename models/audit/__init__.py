"""The audit: who did what, when and from where, kept so that nobody can change it unseen.

`triggers` write what changes, whoever changes it; `readings` what somebody was shown of patients; `sealing` chains it
all, and `verifying` looks whether the chain holds.
"""
