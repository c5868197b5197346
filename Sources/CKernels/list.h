// The kernels of a list of instructions, in a pass of targets.h (see loops.h). RESULT is the type of their results, OTHERS what else is in the table.
#ifndef RESULT
#define RESULT T
#endif
#define INSTRUCTION(N, OP, ...) KERNEL##N(KERNEL_OF(OP), RESULT, (__VA_ARGS__))
#include LIST
#undef INSTRUCTION

#define INSTRUCTION(N, OP, ...) [FX_##OP] = KERNEL_OF(OP),
static fx_kernel FX(lookup)(int op) {
  static const fx_kernel table[FX_OP_COUNT] = {
#include LIST
#ifdef OTHERS
    OTHERS
#endif
  };
  return table[op];
}
#undef INSTRUCTION
#undef RESULT
