"""The street without broker and clock."""
