"""How fast this machine makes masks, how fast it could, and what holds it back (`boxmask bench`)."""
