"""What the analysis found, as files: JSON, Markdown, CSV, Parquet, HTML."""
