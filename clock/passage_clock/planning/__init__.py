"""What is due, in order, and where each schedule has come to. Pure."""
