"""What unknown raw files are, and how a study file could read them: the work behind `ktss map`."""

from .file_map import FileMap, map_files

__all__ = ["FileMap", "map_files"]
