"""What stands on the clock's topics: written by the leader, read by everyone, asked by operators."""
