package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;

/// A tokenizer as its files describe it, before the native library has seen it.
///
/// @param origin the file that messages name
/// @param source what the native library makes a tokenizer from
/// @param template the tokens put around a text
/// @param bos the token that begins a text
/// @param eos the token that ends a text
/// @param endOfGeneration all tokens that end an answer
record TokenizerSpec(Path origin, TokenizerSource source, Vocabulary vocabulary, PieceDecoder decoder,
        Template template, OptionalInt bos, OptionalInt eos, Set<Integer> endOfGeneration) {

    /// The whole tokenizer as the native library reads it.
    String json() throws CheckpointException {
        return source.whole();
    }
}
