"""The checkout that is tested, and the modules in it."""

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PACKAGES = ("edge", "export")


def modules():
    """Return {module name: path} of both packages."""
    found = {}
    for package in PACKAGES:
        for folder, _, files in os.walk(os.path.join(ROOT, package)):
            for file in files:
                if file.endswith(".py"):
                    path = os.path.join(folder, file)
                    name = os.path.relpath(path, ROOT)[: -len(".py")].replace(os.sep, ".")
                    found[name] = path
    return found
