"""话务员工作台: the queue of conversations that need a person, and taking them over."""
