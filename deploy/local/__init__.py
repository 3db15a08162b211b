"""The whole platform on one machine, without root and without containers.

`settings` says where and how much, `services` what there is, `stack` starts and stops it, and
`cli` is the `ecomarket` command. Each store has a module of its own that runs it in the foreground.
"""
