package glia.kernels.asm;

/// An operand of an instruction: a register or memory. `toString` returns Intel syntax, as assemblers and disassemblers
/// write it.
public sealed interface Operand permits Gpr, Vec, Mask, Mem {
}
