/// Log-probabilities, cross-entropy and divergences over the vocabulary.
///
/// Begin with [TokenLogProbs] and [SelectedLogProbs].
package glia.tensor.ops.loss;
