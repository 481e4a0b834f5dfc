"""The benchmark: a help desk of any size, and what its doors and pages cost. `script/bench` is the way in.

It uses the product and nothing of the product knows it.
"""
