"""Every way a call is seen; all end in the same words: `Attempt` before, `Outcome` after."""
