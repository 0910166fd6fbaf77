"""Texts and pictures to share: made from published results alone, each number filed with the result it comes from."""
