package glia.text.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// How a piece of the vocabulary becomes bytes of a text: the `decoder` of a `tokenizer.json`. Each has its bytes,
/// whatever stands around it, so texts can be streamed; only the start of a text is special (`leadingSpaces`).
///
/// Hugging Face's library joins bytes in the same way, with one difference: where the byte tokens between two other
/// pieces are not all of them UTF-8, it turns every one of them into U+FFFD, even those that make whole characters.
sealed interface PieceDecoder {
    /// Adds the bytes of a piece.
    ///
    /// @param added whether it is an added token, whose text stands for itself
    void append(String piece, boolean added, Utf8Buffer out);

    /// How many spaces at the start of a text are dropped, where there are so many.
    int leadingSpaces();

    /// Byte-level pieces: each character stands for a byte, as in GPT-2. Printable characters of Latin-1 stand for
    /// themselves and the other bytes are numbered from U+0100.
    record ByteLevel() implements PieceDecoder {
        private static final short[] BYTES = bytes();

        private static final char[] CHARS = chars();

        private static char[] chars() {
            char[] chars = new char[256];
            for (int c = 0; c < BYTES.length; c++) {
                if (BYTES[c] >= 0) {
                    chars[BYTES[c]] = (char) c;
                }
            }
            return chars;
        }

        /// A text as pieces spell it, in UTF-8.
        static byte[] spell(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            char[] spelled = new char[utf8.length];
            for (int i = 0; i < utf8.length; i++) {
                spelled[i] = CHARS[utf8[i] & 0xFF];
            }
            return new String(spelled).getBytes(StandardCharsets.UTF_8);
        }

        private static short[] bytes() {
            short[] bytes = new short[256 + 68];
            java.util.Arrays.fill(bytes, (short) -1);
            int next = 256;
            for (int b = 0; b < 256; b++) {
                boolean itself = b > ' ' && b < 0x7F || b > 0xA0 && b != 0xAD;
                bytes[itself ? b : next++] = (short) b;
            }
            return bytes;
        }

        @Override
        public void append(String piece, boolean added, Utf8Buffer out) {
            if (added || !isByteLevel(piece)) {
                out.add(piece);
                return;
            }
            for (int i = 0; i < piece.length(); i++) {
                out.add(BYTES[piece.charAt(i)]);
            }
        }

        private static boolean isByteLevel(String piece) {
            for (int i = 0; i < piece.length(); i++) {
                if (piece.charAt(i) >= BYTES.length || BYTES[piece.charAt(i)] < 0) {
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

    /// Pieces of SentencePiece: characters, with a mark (usually `▁`) for the space, and `<0x0A>` for single bytes.
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

        /// The byte that a piece such as `<0xE2>` stands for, or -1.
        static int byteOf(String piece) {
            return piece.length() == 6 && piece.startsWith("<0x") && piece.charAt(5) == '>'
                    && HexFormat.isHexDigit(piece.charAt(3)) && HexFormat.isHexDigit(piece.charAt(4))
                    ? HexFormat.fromHexDigits(piece, 3, 5) : -1;
        }
    }

    /// Pieces of words: those that begin a word follow a space, those that go on with it carry a prefix.
    ///
    /// @param cleanup whether marks that close a sentence, and endings such as `'s`, follow without a space
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

    /// A text that stands for another in every piece.
    record Replacement(String pattern, String content) { }

    /// The decoder that `tokenizer.json` describes.
    ///
    /// @throws IllegalArgumentException if it is none of those known here; the message names it
    static PieceDecoder of(JsonNode json) {
        if (!json.isObject()) {
            throw new IllegalArgumentException("is missing; without one, pieces cannot become text again");
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
                    leadingSpaces += step.path("start").asInt(0);
                    yield fused && step.path("stop").asInt(0) == 0 && " ".equals(step.path("content").asString(""));
                }
                default -> false;
            };
            if (!known) {
                throw new IllegalArgumentException("found the step " + Components.shown(step)
                        + ", expected ByteLevel, WordPiece, or Metaspace, Replace (of a text), ByteFallback,"
                        + " Fuse and Strip (of spaces at the start) in this order");
            }
        }
        return new Characters(List.copyOf(replacements), byteFallback, leadingSpaces);
    }

    private static Replacement replacement(JsonNode step) {
        String pattern = step.path("pattern").path("String").asString("");
        if (pattern.isEmpty()) {
            throw new IllegalArgumentException("found " + Components.shown(step)
                    + ", expected the replacement of some text");
        }
        return new Replacement(pattern, step.path("content").asString(""));
    }
}
