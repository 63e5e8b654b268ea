package glia.text.tokenizer;

import glia.io.DisplayText;
import glia.io.json.JsonTree.JsonText;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// The normalizers and pre-tokenizers of a `tokenizer.json`, checked and rewritten for the native library, which
/// ends the process on many invalid ones. Also computes the longest text that they take ([TextLimit]). For one file.
///
/// All methods throw `IllegalArgumentException`, with what was found and expected.
final class Components {
    private static final List<String> PLAIN_NORMALIZERS = List.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase",
            "StripAccents", "Nmt");
    private static final List<String> DELETING = List.of("StripAccents", "Nmt", "Strip", "BertNormalizer",
            "Precompiled");
    private static final List<String> BEHAVIORS =
            List.of("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous");
    private static final int MAX_STEPS = 32;
    private static final int MAX_SHOWN = 200;
    /// The longest text that is searched for: a search may compare all of it at each place.
    private static final int MAX_STRING = 256;

    private final TextLimit.Builder limit = new TextLimit.Builder();
    private boolean mayDelete;

    /// The longest text that the normalizer and the pre-tokenizer take, once both are read, in this order.
    TextLimit.Builder limit() {
        return limit;
    }

    /// Whether the normalizer may delete characters.
    boolean mayDelete() {
        return mayDelete;
    }

    /// A `normalizer` as JSON.
    String normalizer(JsonNode node) {
        return steps(node, "normalizers", this::normalizerStep);
    }

    /// A `pre_tokenizer` as JSON.
    String preTokenizer(JsonNode node) {
        return steps(node, "pretokenizers", this::preTokenizerStep);
    }

    private static String steps(JsonNode node, String plural, Function<JsonNode, String> step) {
        if (node.isMissingNode() || node.isNull()) {
            return "null";
        }
        if (!type(node).equals("Sequence")) {
            return step.apply(node);
        }
        List<JsonNode> all = node.path(plural).valueStream().toList();
        if (all.size() > MAX_STEPS) {
            throw new IllegalArgumentException("found " + all.size() + " steps, expected at most " + MAX_STEPS);
        }
        return "{\"type\":\"Sequence\",\"" + plural + "\":["
                + String.join(",", all.stream().map(step).toList()) + "]}";
    }

    private String normalizerStep(JsonNode node) {
        String type = type(node);
        mayDelete |= DELETING.contains(type);
        return switch (type) {
            case "Prepend" -> prepend(node);
            case "Replace" -> replace(node);
            case "BertNormalizer" -> bert(node);
            case "Strip" -> "{\"type\":\"Strip\",\"strip_left\":" + flag(node, "strip_left", true)
                    + ",\"strip_right\":" + flag(node, "strip_right", true) + "}";
            case "Precompiled" -> {
                Charsmap map = Charsmap.of(node.path("precompiled_charsmap").asString(""));
                map.addTo(limit);
                yield "{\"type\":\"Precompiled\",\"precompiled_charsmap\":" + JsonText.quote(map.base64()) + "}";
            }
            default -> {
                if (!PLAIN_NORMALIZERS.contains(type)) {
                    throw unknown(node, "Sequence, Prepend, Replace, Strip, BertNormalizer, Precompiled, "
                            + PLAIN_NORMALIZERS);
                }
                limit.lengthenOthers(unicodeGrowth(type));
                yield "{\"type\":\"" + type + "\"}";
            }
        };
    }

    /// The most characters that a normalizer makes of one outside ASCII. NFC makes several only of a few, which are
    /// left out unless the file puts them into a text.
    private int unicodeGrowth(String type) {
        return switch (type) {
            case "NFC" -> limit.isMixed() ? 3 : 1;
            case "NFD" -> 4;
            case "NFKC", "NFKD" -> 18;
            case "Lowercase" -> 2;
            default -> 1;
        };
    }

    /// Each part of a text between added tokens gets the prefix.
    private String prepend(JsonNode node) {
        String text = text(node, "prepend");
        limit.insert(text);
        limit.lengthen(1.0 + text.length());
        return "{\"type\":\"Prepend\",\"prepend\":" + JsonText.quote(text) + "}";
    }

    private String replace(JsonNode node) {
        JsonNode content = node.path("content");
        if (!content.isString()) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected a text for content");
        }
        String pattern = pattern(node);
        String regex = node.path("pattern").path("Regex").asString("");
        if (!regex.isEmpty() && Regexes.canBeEmpty(regex)) {
            throw new IllegalArgumentException("found " + shown(node) + ", whose pattern matches the empty text, which "
                    + "cannot be replaced");
        }
        String text = content.asString();
        mayDelete |= text.isEmpty();
        int shortest = Math.max(1, node.path("pattern").path("String").asString("").length());
        limit.insert(text);
        limit.lengthen(Math.max(1, (double) text.length() / shortest));
        return "{\"type\":\"Replace\",\"pattern\":" + pattern + ",\"content\":" + JsonText.quote(text) + "}";
    }

    private String bert(JsonNode node) {
        boolean spacesChinese = flag(node, "handle_chinese_chars", true);
        boolean lowers = flag(node, "lowercase", true);
        JsonNode strips = node.path("strip_accents");
        if (!strips.isMissingNode() && !strips.isNull() && !strips.isBoolean()) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected true, false or null for "
                    + "strip_accents");
        }
        limit.lengthenOthers(spacesChinese ? 3 : 1);
        limit.lengthenOthers(strips.asBoolean(lowers) ? unicodeGrowth("NFD") : 1);
        limit.lengthenOthers(lowers ? unicodeGrowth("Lowercase") : 1);
        return "{\"type\":\"BertNormalizer\",\"clean_text\":" + flag(node, "clean_text", true)
                + ",\"handle_chinese_chars\":" + spacesChinese + ",\"strip_accents\":"
                + (strips.isBoolean() ? strips.asBoolean() : "null") + ",\"lowercase\":" + lowers + "}";
    }

    private String preTokenizerStep(JsonNode node) {
        return switch (type(node)) {
            case "ByteLevel" -> byteLevel(node);
            case "Digits" -> "{\"type\":\"Digits\",\"individual_digits\":"
                    + flag(node, "individual_digits", false) + "}";
            case "Split" -> "{\"type\":\"Split\",\"pattern\":" + pattern(node) + ",\"behavior\":"
                    + JsonText.quote(oneOf(node, "behavior", BEHAVIORS)) + ",\"invert\":"
                    + flag(node, "invert", false) + "}";
            case "Metaspace" -> metaspace(node);
            case "WhitespaceSplit", "Whitespace", "BertPreTokenizer" -> "{\"type\":\"" + type(node) + "\"}";
            case "Punctuation" -> "{\"type\":\"Punctuation\",\"behavior\":"
                    + JsonText.quote(oneOf(node, "behavior", BEHAVIORS)) + "}";
            default -> throw unknown(node,
                    "Sequence, ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, "
                    + "Punctuation");
        };
    }

    /// Makes a character of each byte, and may put a space before each part.
    private String byteLevel(JsonNode node) {
        boolean prefixes = flag(node, "add_prefix_space", true);
        limit.lengthen(prefixes ? 2 : 1);
        limit.lengthenOthers(3);
        limit.insert("Ġ");
        return "{\"type\":\"ByteLevel\",\"add_prefix_space\":" + prefixes + ",\"trim_offsets\":false,\"use_regex\":"
                + flag(node, "use_regex", true) + "}";
    }

    /// Replaces spaces by a character, and may put it before each part.
    private String metaspace(JsonNode node) {
        String replacement = text(node, "replacement");
        if (replacement.codePointCount(0, replacement.length()) != 1) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected one character for replacement");
        }
        String scheme = prependScheme(node);
        limit.insert(replacement);
        limit.lengthen(scheme.equals("never") ? replacement.length() : 2 * replacement.length());
        return "{\"type\":\"Metaspace\",\"replacement\":" + JsonText.quote(replacement) + ",\"prepend_scheme\":\""
                + scheme + "\",\"split\":" + flag(node, "split", true) + "}";
    }

    /// Older files say `add_prefix_space` instead.
    private static String prependScheme(JsonNode node) {
        return node.has("prepend_scheme") ? oneOf(node, "prepend_scheme", List.of("always", "never", "first"))
                : flag(node, "add_prefix_space", true) ? "always" : "never";
    }

    private String pattern(JsonNode node) {
        JsonNode pattern = node.path("pattern");
        if (pattern.path("Regex").isString()) {
            return "{\"Regex\":" + JsonText.quote(Regexes.bounded(pattern.path("Regex").asString(), limit)) + "}";
        }
        String text = text(pattern, "String");
        if (text.length() > MAX_STRING) {
            throw new IllegalArgumentException("found a text of " + text.length() + " characters to look for, expected "
                    + "at most " + MAX_STRING);
        }
        return "{\"String\":" + JsonText.quote(text) + "}";
    }

    private static String type(JsonNode node) {
        return node.path("type").asString("");
    }

    private static String text(JsonNode node, String key) {
        String text = node.path(key).asString("");
        if (text.isEmpty()) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected a text for " + key);
        }
        return text;
    }

    private static boolean flag(JsonNode node, String key, boolean byDefault) {
        JsonNode value = node.path(key);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected true or false for " + key);
        }
        return value.asBoolean(byDefault);
    }

    private static String oneOf(JsonNode node, String key, List<String> values) {
        String value = node.path(key).asString("");
        if (!values.contains(value)) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected one of " + values + " for " + key);
        }
        return value;
    }

    /// A value as messages show it.
    static String shown(JsonNode node) {
        String text = DisplayText.escape(node.toString());
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    private static IllegalArgumentException unknown(JsonNode node, String known) {
        return new IllegalArgumentException("found " + shown(node) + ", known are " + known);
    }
}
