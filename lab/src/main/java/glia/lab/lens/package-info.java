/// What a model computes inside: the logit lens, activation patching, directions of pairs of texts.
///
/// Begin with [LogitLens] and [ActivationPatching].
package glia.lab.lens;
