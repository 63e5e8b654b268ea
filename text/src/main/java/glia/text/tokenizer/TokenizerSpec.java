package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;

/// A tokenizer as read from its files.
///
/// @param origin the file that messages name
/// @param source the JSON for the native library
/// @param template the special tokens added around a text
/// @param bos the token that begins a text
/// @param eos the token that ends a text
/// @param endOfGeneration all tokens that end generation
record TokenizerSpec(Path origin, TokenizerSource source, Vocabulary vocabulary, PieceDecoder decoder,
        Template template, OptionalInt bos, OptionalInt eos, Set<Integer> endOfGeneration) {

    /// The JSON with the whole vocabulary.
    String json() throws CheckpointException {
        return source.whole();
    }
}
