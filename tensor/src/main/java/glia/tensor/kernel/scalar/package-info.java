/// The scalar backend: plain loops that define all results.
///
/// Begin with [ScalarKernels].
package glia.tensor.kernel.scalar;
