package glia.text.tokenizer;

import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/// A tokenizer as its files describe it, before the native library has seen it.
///
/// @param origin the file that messages name
/// @param json the text of a `tokenizer.json`
/// @param bos the token that begins a text
/// @param eos the token that ends a text
/// @param endOfGeneration all tokens that end an answer
/// @param affixes the tokens put around a text, which may depend on what the native tokenizer does by itself
record TokenizerSpec(Path origin, String json, Vocabulary vocabulary, PieceDecoder decoder, OptionalInt bos,
                     OptionalInt eos, Set<Integer> endOfGeneration, Function<NativeTokenizer, Affixes> affixes) {

    /// The tokens that `encode` puts before and after a text when it is asked to.
    record Affixes(int[] before, int[] after) { }
}
