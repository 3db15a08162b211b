"""The model families: pure functions from frames to artifacts, and from artifacts to answers.

`features` says what a model reads, `artifacts` what training leaves. Each family has `train`, the
only place that fits, `score`, which never does, and `evaluate`.
"""
