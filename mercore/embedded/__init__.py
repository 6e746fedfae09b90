"""The embedded corpus: music the project composes and renders itself."""
