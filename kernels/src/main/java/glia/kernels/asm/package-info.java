/// An assembler for x86-64 with AVX2, AVX-512 and AMX.
///
/// Begin with [Assembler] and [Op].
///
/// Source: Intel 64 and IA-32 manual, volume 2, https://www.intel.com/sdm
package glia.kernels.asm;
