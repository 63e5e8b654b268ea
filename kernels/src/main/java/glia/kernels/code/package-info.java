/// Executable memory, instruction-set levels of the processor, and functions such as exp in vector code.
///
/// Begin with [CodePages], [IsaLevel] and [Emitter].
package glia.kernels.code;
