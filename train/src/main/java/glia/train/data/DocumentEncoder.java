package glia.train.data;

import glia.text.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// Encodes the pieces of documents. No marker in a text is recognized. A document begins with the tokens that the
/// tokenizer puts before a text, such as BOS, and ends with those after it and EOS, where the tokenizer has one.
final class DocumentEncoder {
    private static final String[] UNKNOWN = {"<unk>", "[UNK]"};

    private final Tokenizer tokenizer;
    private final int[] before;
    private final int[] after;
    private final int unknown;

    DocumentEncoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        String probe = Stream.of("a", "1", ".", " ", "\n").filter(text -> tokenizer.encodePlain(text, false).length > 0)
                .findFirst().orElse("a");
        int[] plain = tokenizer.encodePlain(probe, false);
        int[] whole = tokenizer.encodePlain(probe, true);
        int start = 0;
        while (!Arrays.equals(plain, Arrays.copyOfRange(whole, start, start + plain.length))) {
            start++;
        }
        before = Arrays.copyOf(whole, start);
        int[] rest = Arrays.copyOfRange(whole, start + plain.length, whole.length);
        OptionalInt eos = tokenizer.eos();
        if (eos.isPresent() && (rest.length == 0 || rest[rest.length - 1] != eos.getAsInt())) {
            rest = Arrays.copyOf(rest, rest.length + 1);
            rest[rest.length - 1] = eos.getAsInt();
        }
        after = rest;
        unknown = Arrays.stream(UNKNOWN).map(tokenizer::id).filter(OptionalInt::isPresent)
                .mapToInt(OptionalInt::getAsInt).filter(tokenizer::isSpecial).findFirst().orElse(-1);
    }

    /// The tokens before each document.
    int[] before() {
        return before;
    }

    /// The tokens after each document.
    int[] after() {
        return after;
    }

    int[] encode(String piece) {
        return tokenizer.encodePlain(piece, false);
    }

    /// How many of the ids stand for text that the vocabulary does not have.
    long numUnknown(int[] ids) {
        return Arrays.stream(ids).filter(id -> id == unknown).count();
    }
}
