"""Tests that fail too often, put into quarantine and let out again by evidence.

`examine` fetches the evidence, `decide` decides without a network, and `plan` carries decisions out
through the `action_store`; `rules` defines how our actions differ from those of others.
"""
