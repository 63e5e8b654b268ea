/// Benchmarks of kernels, layers and training steps, by JMH.
///
/// Begin with [Main] and [KernelBenchmark].
///
/// Source: https://github.com/openjdk/jmh
package glia.jmh;
