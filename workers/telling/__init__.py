"""How messages leave: a webhook's POST and its signature, and a patient's mail with its invitation."""
