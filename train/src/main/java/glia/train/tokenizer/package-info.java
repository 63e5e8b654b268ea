/// Trains tokenizers.
///
/// Begin with [BpeTrainer].
package glia.train.tokenizer;
