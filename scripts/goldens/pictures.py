"""."""


def export(root):
    pass
