"""诉求工单: an order's life from registration to closing."""
