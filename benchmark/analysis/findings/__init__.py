"""What the study of docs/study.md found, question by question, computed from its records."""
