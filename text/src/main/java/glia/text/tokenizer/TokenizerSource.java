package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.util.Optional;

/// What the native library makes a tokenizer from: JSON, of `NativeJson`.
interface TokenizerSource {
    /// The whole tokenizer.
    ///
    /// @throws CheckpointException if a text of the vocabulary is not UTF-8
    String whole() throws CheckpointException;

    /// A tokenizer of no more pieces than one text needs. It gives this text the ids that the whole one gives it, and
    /// is made in a tenth of the time. None where the text is long, or it is not sure which pieces it needs.
    ///
    /// @throws CheckpointException if the vocabulary is not sound
    default Optional<String> forText(String text) throws CheckpointException {
        return Optional.empty();
    }

    /// The longest text that the tokenizer encodes.
    default TextLimit limit() {
        return TextLimit.NONE;
    }

    /// A tokenizer that is there.
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
