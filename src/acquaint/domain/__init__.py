"""The rules and values of identity in chat. Standard library only: no I/O, no clock, no chance."""
