"""How strong the suite is, measured: broken managers by requirements, and mutants of the reference manager."""
