package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufStrings;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Function;

/// A BPE tokenizer of a GGUF file, whole or reduced to the vocabulary of one text.
///
/// BPE merges adjacent pieces by rank, so all tokens of a text are substrings of the text as pieces spell it. Pieces
/// and merges whose result is not a substring have no effect, and the others keep their order, so the reduced tokenizer
/// gives the same ids.
final class GgufPairs implements TokenizerSource {
    /// The longest text with a reduced tokenizer, in UTF-16 units: longer ones need much of the vocabulary.
    private static final int MAX_TEXT = 8192;
    /// `▁` in UTF-8, which a normalizer may prepend to a text.
    private static final byte[] MARK = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};
    /// The length of a byte token, `<0x0A>`, whose text is not a substring of a text.
    private static final int BYTE_PIECE = 6;

    private final BpeJson json;
    private final GgufStrings pieces;
    private final Merges merges;
    private final Function<String, Optional<byte[]>> spelling;
    private final Check check;

    /// @param json the tokenizer with all pieces
    /// @param spelling a text as pieces spell it, in UTF-8, if the normalizer's result is known
    /// @param check throws if a string of the file is not UTF-8
    GgufPairs(BpeJson json, GgufStrings pieces, Merges merges, Function<String, Optional<byte[]>> spelling,
            Check check) {
        this.json = json;
        this.pieces = pieces;
        this.merges = merges;
        this.spelling = spelling;
        this.check = check;
    }

    /// Selects pieces.
    interface Filter {
        Filter ALL = (utf8, from, to) -> true;

        boolean wants(byte[] utf8, int from, int to);
    }

    /// The merges of a vocabulary.
    interface Merges {
        /// Appends the merges whose result is selected as the elements of a JSON array, by rank.
        void append(JsonBuilder json, Filter filter) throws CheckpointException;
    }

    /// Checks a file.
    interface Check {
        void run() throws CheckpointException;
    }

    /// Merges as the file has them: two pieces with a space between.
    static Merges listed(GgufStrings merges) {
        return (json, filter) -> {
            byte[] made = new byte[0];
            boolean isFirst = true;
            for (int i = 0; i < merges.count(); i++) {
                int from = merges.from(i);
                int to = merges.to(i);
                if (filter != Filter.ALL) {
                    made = made.length < to - from ? new byte[2 * (to - from)] : made;
                    if (!filter.wants(made, 0, joined(merges.bytes(), from, to, made))) {
                        continue;
                    }
                }
                (isFirst ? json : json.raw(",")).quoted(merges.bytes(), from, to);
                isFirst = false;
            }
        };
    }

    /// Copies a merge without its space.
    ///
    /// @return the number of bytes
    private static int joined(byte[] merge, int from, int to, byte[] made) {
        int n = 0;
        for (int i = from; i < to; i++) {
            if (merge[i] != ' ') {
                made[n++] = merge[i];
            }
        }
        return n;
    }

    @Override
    public String whole() throws CheckpointException {
        JsonBuilder whole = json.write(out -> merges.append(out, Filter.ALL));
        if (whole.isReplaced()) {
            check.run();
        }
        return whole.toString();
    }

    @Override
    public Optional<String> forText(String text) throws CheckpointException {
        Optional<byte[]> spelled = text.length() > MAX_TEXT ? Optional.empty()
                : spelling.apply(NativeTokenizer.replaceUnpairedSurrogates(text));
        if (spelled.isEmpty()) {
            return Optional.empty();
        }
        Substrings parts = new Substrings(spelled.get());
        Filter filter = (utf8, from, to) -> parts.has(utf8, isMarked(utf8, from, to) ? from + MARK.length : from, to);
        return Optional.of(json.withPieces(json.pieces().only(wanted(filter)))
                .write(out -> merges.append(out, filter)).toString());
    }

    private static boolean isMarked(byte[] utf8, int from, int to) {
        return to - from >= MARK.length && utf8[from] == MARK[0]
                && Arrays.equals(utf8, from, from + MARK.length, MARK, 0, MARK.length);
    }

    /// The ids of the selected pieces, of added tokens, of byte tokens and of the unknown token.
    private BitSet wanted(Filter filter) {
        BitSet wanted = new BitSet(pieces.count());
        for (int id = 0; id < pieces.count(); id++) {
            int from = pieces.from(id);
            int to = pieces.to(id);
            boolean isByte = to - from == BYTE_PIECE && pieces.bytes()[from] == '<';
            if (isByte || filter.wants(pieces.bytes(), from, to)) {
                wanted.set(id);
            }
        }
        json.added().forEach(token -> wanted.set(token.id()));
        int unknown = json.options().unknown() == null ? -1 : pieces.indexOf(json.options().unknown());
        if (unknown >= 0) {
            wanted.set(unknown);
        }
        return wanted;
    }
}
