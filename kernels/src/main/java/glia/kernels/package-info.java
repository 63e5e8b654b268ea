/// Chooses a kernel backend at startup.
///
/// Begin with [KernelBackends].
package glia.kernels;
