/// Measures models: speed, perplexity, routing of experts, importance of inputs.
///
/// Begin with [Bench] and [Perplexity].
package glia.lab;
