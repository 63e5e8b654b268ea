/// The speed of this machine, measured with the engine's own kernels, and what it predicts for models.
///
/// Begin with [Machine] and [ModelSample].
package glia.plan.machine;
