/// What a kernel backend computes, and the shapes that it is given.
///
/// Begin with [Kernels] and [GradientKernels].
package glia.tensor.kernel;
