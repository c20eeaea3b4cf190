"""Push of orders, callbacks and evaluation to units' own systems (Art. 7: 接诉即办平台与承办单位数据推送), signed by Standard Webhooks."""
