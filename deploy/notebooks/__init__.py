"""JupyterLab over the notebooks, in an environment of its own; kernels run in the platform's."""
