/// Loads a model's weights, tokenizer and chat template and warms them up.
///
/// Begin with [LoadedModel] and [LoadOptions].
package glia.engine.load;
