package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufTexts;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Function;

/// A byte-pair tokenizer of a GGUF file.
///
/// A byte-pair model joins neighbors, best pair first, so what it makes of a text are substrings of that text as
/// pieces spell it. Pieces and merges that are none play no part, and the others keep their order: a tokenizer of these
/// alone gives the text the same ids.
final class GgufPairs implements TokenizerSource {
    /// The longest text, in UTF-16 units, that gets a tokenizer of its own: a longer one needs much of the vocabulary.
    private static final int MAX_TEXT = 8192;
    /// `▁`, which may be put before a text.
    private static final byte[] MARK = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};
    /// `<0x0A>` has so many characters. Such pieces stand for bytes and are in no text.
    private static final int BYTE_PIECE = 6;

    private final BpeJson json;
    private final GgufTexts pieces;
    private final Merges merges;
    private final Function<String, Optional<byte[]>> spelling;
    private final Check check;

    /// @param json the tokenizer, of these pieces
    /// @param spelling a text as pieces spell it, in UTF-8, if that is sure
    /// @param check throws if a text of the file is not UTF-8
    GgufPairs(BpeJson json, GgufTexts pieces, Merges merges, Function<String, Optional<byte[]>> spelling,
            Check check) {
        this.json = json;
        this.pieces = pieces;
        this.merges = merges;
        this.spelling = spelling;
        this.check = check;
    }

    /// Which pieces are wanted.
    interface Filter {
        Filter ALL = (utf8, from, to) -> true;

        boolean wants(byte[] utf8, int from, int to);
    }

    /// The merges of a vocabulary.
    interface Merges {
        /// Appends those that make wanted pieces as the elements of a JSON array, best first.
        void append(JsonBuilder json, Filter filter) throws CheckpointException;
    }

    /// Looks a file through.
    interface Check {
        void run() throws CheckpointException;
    }

    /// Merges that stand in a file, two pieces with a space between.
    static Merges listed(GgufTexts merges) {
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
    /// @return how many bytes there are
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

    /// The pieces of a filter, added tokens, and those that stand for what no piece covers.
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
