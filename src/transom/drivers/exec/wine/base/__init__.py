"""The Windows base: Wine's Linux side and its C: drive, built from Debian's packages on the user's machine."""
