"""The soak test, run by scripts/soak.sh: hours of predictions for unusual text, and input that breaks off.

No line may be lost, doubled or changed, and memory may not grow.
"""
