"""The hotline's knowledge base (热线知识库, Art. 12 and 13): what it holds, how it is searched, and when it may answer."""
