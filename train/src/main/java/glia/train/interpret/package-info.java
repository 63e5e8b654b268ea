/// Small models of a model's hidden states: linear probes and sparse autoencoders.
///
/// Begin with [Probe] and [SparseAutoencoder].
package glia.train.interpret;
