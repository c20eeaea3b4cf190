"""The three rates (三率, Art. 25): 响应率, 解决率, 满意率 and the composite, exact to the callback that made each number."""
