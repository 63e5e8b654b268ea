/// Records operations and computes gradients backwards.
///
/// Begin with [Recorder] and [Gradients].
///
/// Source: Automatic differentiation, https://arxiv.org/abs/1502.05767
package glia.tensor.autograd;
