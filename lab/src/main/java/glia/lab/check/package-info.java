/// Compares a model's logits, loss, gradients and text with those of a reference.
///
/// Begin with [ModelCheck].
package glia.lab.check;
