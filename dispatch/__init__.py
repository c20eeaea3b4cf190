"""The backend (接诉即办平台): orders, catalogue, units, accounts, knowledge. It knows no channel."""
