"""The results of the analysis as files: JSON, Markdown, CSV, Parquet, HTML."""
