/// Records that say what a model is: layers, mixers, norms, positions, parameters.
///
/// Begin with [ModelSpec], [Mixer] and [Sublayer].
package glia.model.spec;
