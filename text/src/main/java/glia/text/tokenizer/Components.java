package glia.text.tokenizer;

import glia.io.json.JsonText;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/// The normalizers and pre-tokenizers of a `tokenizer.json` that are passed on to the native library: known kinds with
/// sound values, written anew. The library ends the process on many an unsound one.
///
/// All methods throw `IllegalArgumentException`, with what was found and expected.
final class Components {
    private static final List<String> PLAIN_NORMALIZERS = List.of("NFC", "NFD", "NFKC", "NFKD", "Lowercase",
            "StripAccents", "Nmt");
    private static final List<String> BEHAVIORS =
            List.of("Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous");
    private static final int MAX_STEPS = 32;
    private static final int MAX_SHOWN = 200;

    private Components() { }

    /// A `normalizer` as JSON.
    static String normalizer(JsonNode node) {
        return steps(node, "normalizers", Components::normalizerStep);
    }

    /// A `pre_tokenizer` as JSON.
    static String preTokenizer(JsonNode node) {
        return steps(node, "pretokenizers", Components::preTokenizerStep);
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

    private static String normalizerStep(JsonNode node) {
        String type = type(node);
        return switch (type) {
            case "Prepend" -> "{\"type\":\"Prepend\",\"prepend\":" + text(node, "prepend") + "}";
            case "Replace" -> "{\"type\":\"Replace\",\"pattern\":" + pattern(node) + ",\"content\":"
                    + JsonText.quote(node.path("content").asString("")) + "}";
            case "BertNormalizer" -> "{\"type\":\"BertNormalizer\",\"clean_text\":" + flag(node, "clean_text", true)
                    + ",\"handle_chinese_chars\":" + flag(node, "handle_chinese_chars", true) + ",\"strip_accents\":"
                    + (node.path("strip_accents").isBoolean() ? node.path("strip_accents").asBoolean() : "null")
                    + ",\"lowercase\":" + flag(node, "lowercase", true) + "}";
            case "Strip" -> "{\"type\":\"Strip\",\"strip_left\":" + flag(node, "strip_left", true)
                    + ",\"strip_right\":" + flag(node, "strip_right", true) + "}";
            case "Precompiled" -> "{\"type\":\"Precompiled\",\"precompiled_charsmap\":"
                    + JsonText.quote(Charsmap.checked(node.path("precompiled_charsmap").asString(""))) + "}";
            default -> {
                if (!PLAIN_NORMALIZERS.contains(type)) {
                    throw unknown(node, "Sequence, Prepend, Replace, Strip, BertNormalizer, Precompiled, "
                            + PLAIN_NORMALIZERS);
                }
                yield "{\"type\":\"" + type + "\"}";
            }
        };
    }

    private static String preTokenizerStep(JsonNode node) {
        return switch (type(node)) {
            case "ByteLevel" -> "{\"type\":\"ByteLevel\",\"add_prefix_space\":" + flag(node, "add_prefix_space", true)
                    + ",\"trim_offsets\":false,\"use_regex\":" + flag(node, "use_regex", true) + "}";
            case "Digits" -> "{\"type\":\"Digits\",\"individual_digits\":"
                    + flag(node, "individual_digits", false) + "}";
            case "Split" -> "{\"type\":\"Split\",\"pattern\":" + pattern(node) + ",\"behavior\":"
                    + oneOf(node, "behavior", BEHAVIORS) + ",\"invert\":" + flag(node, "invert", false) + "}";
            case "Metaspace" -> "{\"type\":\"Metaspace\",\"replacement\":" + text(node, "replacement")
                    + ",\"prepend_scheme\":" + prependScheme(node)
                    + ",\"split\":" + flag(node, "split", true) + "}";
            case "WhitespaceSplit", "Whitespace", "BertPreTokenizer" -> "{\"type\":\"" + type(node) + "\"}";
            case "Punctuation" -> "{\"type\":\"Punctuation\",\"behavior\":" + oneOf(node, "behavior", BEHAVIORS) + "}";
            default -> throw unknown(node,
                    "Sequence, ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, BertPreTokenizer, "
                    + "Punctuation");
        };
    }

    /// Older files say `add_prefix_space` instead.
    private static String prependScheme(JsonNode node) {
        return node.has("prepend_scheme") ? oneOf(node, "prepend_scheme", List.of("always", "never", "first"))
                : flag(node, "add_prefix_space", true) ? "\"always\"" : "\"never\"";
    }

    private static String pattern(JsonNode node) {
        JsonNode pattern = node.path("pattern");
        if (pattern.path("Regex").isString()) {
            String regex = pattern.path("Regex").asString();
            Regexes.check(regex);
            return "{\"Regex\":" + JsonText.quote(regex) + "}";
        }
        return "{\"String\":" + text(pattern, "String") + "}";
    }

    private static String type(JsonNode node) {
        return node.path("type").asString("");
    }

    private static String text(JsonNode node, String key) {
        String text = node.path(key).asString("");
        if (text.isEmpty()) {
            throw new IllegalArgumentException("found " + shown(node) + ", expected a text for " + key);
        }
        return JsonText.quote(text);
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
        return JsonText.quote(value);
    }

    /// A value as messages show it.
    static String shown(JsonNode node) {
        String text = node.toString();
        return text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN) + "…";
    }

    private static IllegalArgumentException unknown(JsonNode node, String known) {
        return new IllegalArgumentException("found " + shown(node) + ", known are " + known);
    }
}
