"""Research and reporting pipeline of the KT SoftSkills project."""

__version__ = "0.1.0"
