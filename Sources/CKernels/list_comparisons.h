// Comparisons, of which the results are bool.
INSTRUCTION(2, EQ, x == y)
INSTRUCTION(2, NE, x != y)
INSTRUCTION(2, LT, x < y)
INSTRUCTION(2, LE, x <= y)
INSTRUCTION(2, GT, x > y)
INSTRUCTION(2, GE, x >= y)
INSTRUCTION(1, ISNAN, FX_IS_NAN(x))
