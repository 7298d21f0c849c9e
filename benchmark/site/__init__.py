"""Records to tables, figures and pages. Reads only stored records and predictions; no training code is imported."""
