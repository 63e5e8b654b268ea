/// Scaling laws: loss by parameters, data and compute.
///
/// Begin with [ScalingLaw].
package glia.plan.scaling;
