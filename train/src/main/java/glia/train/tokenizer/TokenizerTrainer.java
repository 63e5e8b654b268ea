package glia.train.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// Trains a tokenizer on texts.
public sealed interface TokenizerTrainer permits BpeTrainer, TokenizerTrainer.CharacterTrainer {
    /// Adds a text, or a part of one.
    TokenizerTrainer add(String text);

    /// The tokenizer of the texts so far.
    TrainedTokenizer train();

    /// Trains a tokenizer whose tokens are the characters (Unicode code points) of its texts, in their order. A
    /// character that the texts did not have becomes the unknown token, `<unk>` unless the special tokens name another.
    static final class CharacterTrainer implements TokenizerTrainer {
        private final SpecialTokens specialTokens;
        private final BitSet characters = new BitSet();

        /// A trainer without texts.
        public CharacterTrainer(SpecialTokens specialTokens) {
            this.specialTokens = specialTokens.byRole().containsKey(SpecialTokens.UNKNOWN) ? specialTokens
                    : specialTokens.with(SpecialTokens.UNKNOWN, "<unk>");
        }

        /// Adds the characters of a text.
        ///
        /// @throws IllegalArgumentException if it has an unpaired surrogate, which is no character
        @Override
        public CharacterTrainer add(String text) {
            for (int i = 0; i < text.length();) {
                int c = text.codePointAt(i);
                if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                    throw new IllegalArgumentException("found an unpaired surrogate at index " + i + " of a text");
                }
                characters.set(c);
                i += Character.charCount(c);
            }
            return this;
        }

        @Override
        public TrainedTokenizer train() {
            List<String> tokens = new ArrayList<>(specialTokens.all());
            characters.stream().forEach(c -> tokens.add(Character.toString(c)));
            return new TrainedTokenizer(TrainedTokenizer.Kind.CHARACTERS, tokens, List.of(), specialTokens);
        }
    }
}
