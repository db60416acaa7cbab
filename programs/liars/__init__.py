"""Whether every program of a Windows base does what it says: `script/liars` asks each and makes the table of them."""
