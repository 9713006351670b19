"""How a playback ended, for programs, CI services and people."""
