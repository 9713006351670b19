"""What a slug looks like between processes: in headers, cookies and baggage, and signed."""
