/// The backend `emitted`: inner loops in machine code that is made at startup.
///
/// Begin with [EmittedKernels] and [EmittedProducts].
package glia.kernels.emitted;
