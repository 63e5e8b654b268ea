package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.util.Optional;

/// The JSON of a tokenizer for the native library ([NativeJson]).
interface TokenizerSource {
    /// The tokenizer with the whole vocabulary.
    ///
    /// @throws CheckpointException if a string of the vocabulary is not UTF-8
    String whole() throws CheckpointException;

    /// The tokenizer with the part of the vocabulary that one text needs. It gives this text the same ids and loads in
    /// a tenth of the time. Empty if the text is long, or the part cannot be determined.
    ///
    /// @throws CheckpointException if the vocabulary is invalid
    default Optional<String> forText(String text) throws CheckpointException {
        return Optional.empty();
    }

    /// The longest text that the tokenizer encodes.
    default TextLimit limit() {
        return TextLimit.NONE;
    }

    /// A source with existing JSON.
    static TokenizerSource of(String json, TextLimit limit) {
        return new TokenizerSource() {
            @Override
            public String whole() {
                return json;
            }

            @Override
            public TextLimit limit() {
                return limit;
            }
        };
    }
}
