/// The backend `vector`: inner loops with the Vector API.
///
/// Begin with [VectorKernels].
///
/// Source: JEP 508, https://openjdk.org/jeps/508
package glia.kernels.vector;
