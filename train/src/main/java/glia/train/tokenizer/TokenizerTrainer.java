package glia.train.tokenizer;

/// Trains a tokenizer on texts.
public sealed interface TokenizerTrainer permits BpeTrainer, CharacterTrainer {
    /// Adds a text, or a part of one.
    TokenizerTrainer add(String text);

    /// The tokenizer of the texts so far.
    TrainedTokenizer train();
}
