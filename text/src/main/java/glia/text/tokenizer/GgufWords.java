package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;

/// Reads WordPiece (BERT) and Unigram (T5) tokenizers of GGUF files.
final class GgufWords {
    static final String MARK = "▁";
    static final String CONTINUATION = "##";
    /// Longer words become the unknown token, as in all published models.
    private static final int MAX_CHARACTERS = 100;

    /// The most characters that BERT's normalizer makes of one: two spaces, four of a decomposition, two small letters.
    private static final int MAX_BERT_GROWTH = 3 * 4 * 2;

    private final GgufTokenizer gguf;

    GgufWords(GgufTokenizer gguf) {
        this.gguf = gguf;
    }

    /// Reads a WordPiece tokenizer. GGUF puts `▁` before pieces that begin a word, where `tokenizer.json` puts `##`
    /// before the others. Where the file does not specify lower-casing, it is on if no piece has an upper-case letter.
    TokenizerSpec wordPiece() throws CheckpointException {
        String[] pieces = gguf.pieces();
        for (int id = 0; id < pieces.length; id++) {
            if (!gguf.isSpecial(id)) {
                pieces[id] = pieces[id].startsWith(MARK) ? pieces[id].substring(1) : CONTINUATION + pieces[id];
            }
        }
        OptionalInt begin = gguf.id("cls_token_id", "bos_token_id", "[CLS]");
        OptionalInt end = gguf.id("seperator_token_id", "eos_token_id", "[SEP]");
        OptionalInt unknown = gguf.id("unknown_token_id", "unknown_token_id", "[UNK]");
        if (unknown.isEmpty() || pieces[unknown.getAsInt()].isEmpty()) {
            throw gguf.error("unknown_token_id", "is missing: the token for words that no pieces cover is not known");
        }
        boolean lowers = gguf.flag("normalizer.lowercase", !hasCapital(pieces));
        String normalizer = "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
                + "\"strip_accents\":" + gguf.flag("normalizer.strip_accents", lowers) + ",\"lowercase\":" + lowers
                + "}";
        TextLimit.Builder limit = new TextLimit.Builder();
        limit.lengthenOthers(MAX_BERT_GROWTH);
        List<AddedToken> added = gguf.addedTokens(Pieces.of(pieces));
        String json = NativeJson.wordPiece(added, normalizer, "{\"type\":\"BertPreTokenizer\"}", Pieces.of(pieces),
                pieces[unknown.getAsInt()], CONTINUATION, MAX_CHARACTERS);
        Template template = new Template(gguf.around("add_bos_token", begin.isPresent(), begin),
                gguf.around("add_sep_token", end.isPresent(), end));
        return gguf.spec(TokenizerSource.of(json, limit.build()), new Vocabulary(Pieces.of(pieces), added),
                new PieceDecoder.Words(CONTINUATION, true), template, begin, end);
    }

    private boolean hasCapital(String[] pieces) {
        for (int id = 0; id < pieces.length; id++) {
            boolean isText = !gguf.isSpecial(id) && pieces[id].indexOf('[') < 0;
            if (isText && pieces[id].chars().anyMatch(Character::isUpperCase)) {
                return true;
            }
        }
        return false;
    }

    /// Reads a Unigram tokenizer with scores and SentencePiece's map of characters.
    TokenizerSpec unigram() throws CheckpointException {
        String[] pieces = gguf.pieces();
        float[] scores = gguf.scores();
        double[] exact = new double[scores.length];
        for (int id = 0; id < scores.length; id++) {
            if (!Float.isFinite(scores[id])) {
                throw gguf.error("scores", "found " + scores[id] + " at index " + id + ", expected a number");
            }
            exact[id] = scores[id];
        }
        boolean prefix = gguf.flag("add_space_prefix", true);
        boolean merges = gguf.flag("remove_extra_whitespaces", true);
        List<AddedToken> added = gguf.addedTokens(Pieces.of(pieces));
        boolean bytes = gguf.hasBytes();
        int unknown = gguf.id("unknown_token_id", "unknown_token_id", "<unk>").orElseThrow(() -> gguf.error(
                "unknown_token_id", "is missing: the token for characters that no piece covers is not known"));
        TextLimit.Builder limit = new TextLimit.Builder();
        String json = NativeJson.unigram(added, normalizer(merges && !prefix, limit), words(prefix, merges),
                Pieces.of(pieces),
                exact, numScored(pieces.length, unknown), unknown, bytes);
        OptionalInt bos = gguf.id("bos_token_id", "bos_token_id", "");
        OptionalInt eos = gguf.id("eos_token_id", "eos_token_id", "</s>");
        Template template = new Template(gguf.around("add_bos_token", false, bos),
                gguf.around("add_eos_token", eos.isPresent(), eos));
        PieceDecoder decoder = new PieceDecoder.Characters(List.of(new PieceDecoder.Replacement(MARK, " ")), bytes,
                prefix ? 1 : 0);
        limit.lengthen(prefix ? 2 : 1);
        try {
            ModelLimits.unigram(Pieces.of(pieces), pieces.length, limit);
        } catch (IllegalArgumentException e) {
            throw gguf.error("tokens", e.getMessage());
        }
        return gguf.spec(TokenizerSource.of(json, limit.build()), new Vocabulary(Pieces.of(pieces), added), decoder,
                template, bos, eos);
    }

    /// The number of pieces without those at the end that only pad the vocabulary: their low scores would lower the
    /// score of unknown characters.
    private int numScored(int numPieces, int unknown) {
        int count = numPieces;
        while (count > unknown + 1 && count > 1 && gguf.isUnused(count - 1)) {
            count--;
        }
        return count;
    }

    /// The `normalizer`: the map of characters, then, if `cuts`, white space is trimmed and collapsed.
    private String normalizer(boolean cuts, TextLimit.Builder limit) throws CheckpointException {
        String strip = cuts ? "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true},{\"type\":\"Replace\","
                + "\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}" : "";
        byte[] map = gguf.bytes("precompiled_charsmap");
        String steps = map.length == 0 ? strip : "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\""
                + charsmap(map, limit)
                + "\"}" + (cuts ? "," + strip : "");
        return steps.isEmpty() ? "null" : "{\"type\":\"Sequence\",\"normalizers\":[" + steps + "]}";
    }

    private String charsmap(byte[] bytes, TextLimit.Builder limit) throws CheckpointException {
        try {
            Charsmap map = Charsmap.of(Base64.getEncoder().encodeToString(bytes));
            map.addTo(limit);
            return map.base64();
        } catch (IllegalArgumentException e) {
            throw gguf.error("precompiled_charsmap", e.getMessage());
        }
    }

    /// The `pre_tokenizer`: `▁` replaces spaces and, if `prefix`, is put before each word.
    private static String words(boolean prefix, boolean merges) {
        String marks = "{\"type\":\"Metaspace\",\"replacement\":\"" + MARK + "\",\"prepend_scheme\":\""
                + (prefix ? "always" : "never") + "\",\"split\":true}";
        return prefix && merges
                ? "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"}," + marks + "]}" : marks;
    }
}
