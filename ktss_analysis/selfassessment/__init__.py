"""The self-assessment as a web page, generated from the framework and the published results, and its exports.

Nothing is imported here: an unchanged run asks only which languages there are, and must not wait for pandas.
"""
