"""Training what the readers use: needs numpy, scipy and scikit-learn, which reading doesn't."""
