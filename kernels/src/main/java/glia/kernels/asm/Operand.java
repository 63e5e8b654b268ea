package glia.kernels.asm;

/// What an instruction works on: registers and memory. `toString` is the operand in Intel's syntax, as assemblers and
/// disassemblers write it.
public sealed interface Operand permits Gpr, Vec, Mask, Mem {
}
