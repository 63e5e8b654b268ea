package glia.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Decodes pieces to bytes of UTF-8: the `decoder` of a `tokenizer.json`. The bytes of a piece do not depend on the
/// pieces around it, so texts can be streamed; only the start of a text is special ([#leadingSpaces]).
///
/// Hugging Face's library differs in one case: if a run of byte tokens is not valid UTF-8 as a whole, it replaces each
/// of them by U+FFFD, even those that make valid characters.
sealed interface PieceDecoder {
    int MAX_STEPS = 32;
    /// The most characters that replacements may make of one of a piece.
    double MAX_GROWTH = 256;
    /// The most spaces that may be dropped at the start of a text.
    int MAX_SPACES = 1000;

    /// Appends the bytes of a piece.
    ///
    /// @param added whether it is an added token, which decodes to its own text
    void append(String piece, boolean added, Utf8Buffer out);

    /// The most spaces that are dropped at the start of a text.
    int leadingSpaces();

    /// Byte-level pieces as in GPT-2: each character represents a byte, see [ByteAlphabet].
    record ByteLevel() implements PieceDecoder {
        /// Spells a text as byte-level pieces do, in UTF-8.
        static byte[] spell(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            char[] spelled = new char[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                spelled[i] = ByteAlphabet.character(utf8[i]);
            }
            return new String(spelled).getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public void append(String piece, boolean added, Utf8Buffer out) {
            if (added || !isByteLevel(piece)) {
                out.add(piece);
                return;
            }
            for (int i = 0; i < piece.length(); i++) {
                out.add(ByteAlphabet.byteOf(piece.charAt(i)));
            }
        }

        private static boolean isByteLevel(String piece) {
            for (int i = 0; i < piece.length(); i++) {
                if (ByteAlphabet.byteOf(piece.charAt(i)) < 0) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public int leadingSpaces() {
            return 0;
        }
    }

    /// SentencePiece: characters, with `▁` in most vocabularies for the space, and `<0x0A>` for single bytes.
    record Characters(List<Replacement> replacements, boolean byteFallback, int leadingSpaces) implements PieceDecoder {
        @Override
        public void append(String piece, boolean added, Utf8Buffer out) {
            String text = piece;
            for (Replacement r : replacements) {
                text = text.replace(r.pattern, r.content);
            }
            int b = byteFallback ? byteOf(text) : -1;
            if (b < 0) {
                out.add(text);
            } else {
                out.add(b);
            }
        }

        /// The byte of a byte token such as `<0xE2>`; -1 for other pieces.
        static int byteOf(String piece) {
            return piece.length() == 6 && piece.startsWith("<0x") && piece.charAt(5) == '>'
                    && HexFormat.isHexDigit(piece.charAt(3)) && HexFormat.isHexDigit(piece.charAt(4))
                    ? HexFormat.fromHexDigits(piece, 3, 5) : -1;
        }
    }

    /// WordPiece: a space precedes each piece unless it has the prefix of pieces that continue a word.
    ///
    /// @param cleanup whether to leave out the space before punctuation and endings such as `'s`
    record Words(String prefix, boolean cleanup) implements PieceDecoder {
        private static final Set<String> CLOSING =
                Set.of(".", "?", "!", ",", "n't", "'m", "'s", "'ve", "'re");

        @Override
        public void append(String piece, boolean added, Utf8Buffer out) {
            if (!added && piece.startsWith(prefix)) {
                out.add(piece.substring(prefix.length()));
            } else {
                out.add(cleanup && CLOSING.contains(piece) ? piece : " " + piece);
            }
        }

        @Override
        public int leadingSpaces() {
            return 1;
        }
    }

    /// Replaces a string in every piece.
    record Replacement(String pattern, String content) { }

    /// Reads the `decoder` of a `tokenizer.json`.
    ///
    /// @throws IllegalArgumentException if it is not supported; the message quotes it
    static PieceDecoder of(JsonNode json) {
        if (!json.isObject()) {
            throw new IllegalArgumentException("is missing; expected a decoder, which turns tokens into text");
        }
        String type = json.path("type").asString("");
        if (type.equals("ByteLevel")) {
            return new ByteLevel();
        }
        if (type.equals("WordPiece")) {
            return new Words(json.path("prefix").asString("##"), json.path("cleanup").asBoolean(true));
        }
        List<JsonNode> steps = type.equals("Sequence") ? json.path("decoders").valueStream().toList() : List.of(json);
        if (steps.size() == 1 && steps.get(0).path("type").asString("").equals("ByteLevel")) {
            return new ByteLevel();
        }
        return characters(steps);
    }

    private static PieceDecoder characters(List<JsonNode> steps) {
        List<Replacement> replacements = new ArrayList<>();
        boolean byteFallback = false;
        boolean fused = false;
        int leadingSpaces = 0;
        for (JsonNode step : steps) {
            boolean known = switch (step.path("type").asString("")) {
                case "Replace" -> !byteFallback && !fused && replacements.add(replacement(step));
                case "Metaspace" -> {
                    boolean prepends = step.has("prepend_scheme")
                            ? !step.path("prepend_scheme").asString("").equals("never")
                            : step.path("add_prefix_space").asBoolean(true);
                    leadingSpaces += prepends ? 1 : 0;
                    yield !byteFallback && !fused && replacements.add(
                            new Replacement(step.path("replacement").asString("\u2581"), " "));
                }
                case "ByteFallback" -> byteFallback = !fused;
                case "Fuse" -> fused = true;
                case "Strip" -> {
                    int start = step.has("start") ? step.path("start").asInt(-1) : 0;
                    leadingSpaces += start;
                    yield start >= 0 && start <= MAX_SPACES && fused && step.path("stop").asInt(0) == 0
                            && " ".equals(step.path("content").asString(""));
                }
                default -> false;
            };
            if (!known) {
                throw new IllegalArgumentException("found the step " + Components.shown(step)
                        + ", expected ByteLevel, WordPiece, or Metaspace, Replace (of a text), ByteFallback,"
                        + " Fuse and Strip (of spaces at the start) in this order");
            }
        }
        double growth = 1;
        for (Replacement r : replacements) {
            growth *= Math.max(1, (double) r.content.length() / r.pattern.length());
        }
        if (steps.size() > MAX_STEPS || growth > MAX_GROWTH) {
            throw new IllegalArgumentException("found " + steps.size() + " steps that make up to " + (long) growth
                    + " characters of one, expected at most " + MAX_STEPS + " steps and " + (int) MAX_GROWTH
                    + " characters");
        }
        return new Characters(List.copyOf(replacements), byteFallback, leadingSpaces);
    }

    private static Replacement replacement(JsonNode step) {
        String pattern = step.path("pattern").path("String").asString("");
        if (pattern.isEmpty()) {
            throw new IllegalArgumentException("found " + Components.shown(step)
                    + ", expected the replacement of a string");
        }
        return new Replacement(pattern, step.path("content").asString(""));
    }
}
