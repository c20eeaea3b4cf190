"""Learning from a city's own history: a text classifier trained on its past messages, its command and its benchmark.

Runs in the platform's environment only (numpy, scipy, scikit-learn, sentence embeddings).
"""
