"""What happens to keys, policies and functions, told to people: an event of EventBridge → one message."""
