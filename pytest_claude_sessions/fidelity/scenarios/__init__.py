"""The scenarios, one module a theme. `scenario.scenarios()` finds every module here by itself."""
