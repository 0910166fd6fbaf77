"""The runner of the notebooks: steps as data, keys from content, results whole or absent.

This file imports nothing: notebooks use `ktss_analysis.pipeline.stage`, and with imports here a change of the
runner would count as a change of every notebook.
"""
