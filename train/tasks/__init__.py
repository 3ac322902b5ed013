"""What can be learnt: classes from labels, from a teacher besides, or the answers of a black box."""
