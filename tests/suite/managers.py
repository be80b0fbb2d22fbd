"""Managers for runs of the suite, as the text of a module."""

LITTLE_STORE = """
import json

class Store:
    capabilities = {"store"}
    name = "little store"
    version = "1.2"

    def __init__(self, environment):
        self.path = environment.state_dir / "ids.json"

    def read(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def get_session(self, key):
        return self.read().get(key)

    def set_session(self, key, session_id):
        self.path.write_text(json.dumps({**self.read(), key: session_id}))

class Forgetful(Store):
    def __init__(self, environment):
        super().__init__(environment)
        self.path.unlink(missing_ok=True)
"""
"""`Store` keeps what it is to keep; `Forgetful` loses it at a restart."""
