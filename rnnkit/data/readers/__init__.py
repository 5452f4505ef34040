"""What users have, as raw examples: files, folders, frames, arrays and TFDS names."""
