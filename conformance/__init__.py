"""The requirement registry and the checks that hold a manager to it, one module a capability."""
