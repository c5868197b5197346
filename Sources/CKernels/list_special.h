// Functions of floats beyond the elementary ones. The library's logarithm of Γ is exact near its zeros too.
INSTRUCTION(1, EXP2, FX_OF(exp2)(x))
INSTRUCTION(1, LOG2, FX_OF(log2)(x))
INSTRUCTION(1, LOG10, FX_OF(log10)(x))
INSTRUCTION(1, ERFINV, FX_OF(erf_inverse)(x))
INSTRUCTION(1, DIGAMMA, digamma_f64((double)x))
INSTRUCTION(2, COPYSIGN, FX_OF(sign_from)(x, y))
#if FX_IS_F32
INSTRUCTION(1, LGAMMA, log_gamma_near_f64((double)x))
INSTRUCTION(2, FLOORDIV, floor_divide_f32(x, y))
#else
INSTRUCTION(1_SCALAR, LGAMMA, log_gamma_f64(x))
INSTRUCTION(2_SCALAR, FLOORDIV, floor_divide_f64(x, y))
INSTRUCTION(2_SCALAR, FMOD, fmod(x, y))
#endif
