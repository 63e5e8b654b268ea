package glia.text.tokenizer;

import java.util.List;
import tools.jackson.databind.JsonNode;

/// A token that is matched in a text before the pre-tokenizer and the model: an entry of `added_tokens` in
/// `tokenizer.json`.
///
/// @param special whether decoding can leave it out
/// @param normalized whether it is matched in the normalized text
/// @param singleWord whether it is matched only between word boundaries
/// @param lstrip whether a match includes white space on its left
/// @param rstrip whether a match includes white space on its right
record AddedToken(int id, String content, boolean special, boolean normalized, boolean singleWord, boolean lstrip,
                  boolean rstrip) {

    /// The most tokens of a file. The native library compares each with all others, which takes half a minute for so
    /// many; Emu3 has the most, 33,000.
    private static final int MAX_TOKENS = 40_000;
    private static final int MAX_LENGTH = 1024;

    /// @throws IllegalArgumentException if there are too many tokens, or one of them is too long
    static void checkSizes(List<AddedToken> tokens) {
        if (tokens.size() > MAX_TOKENS) {
            throw new IllegalArgumentException("found " + tokens.size() + " added tokens, expected at most "
                    + MAX_TOKENS);
        }
        for (AddedToken token : tokens) {
            if (token.content.length() > MAX_LENGTH) {
                throw new IllegalArgumentException("found an added token of " + token.content.length()
                        + " characters with id " + token.id + ", expected at most " + MAX_LENGTH);
            }
        }
    }

    /// A token that is matched in the original text, without conditions.
    static AddedToken verbatim(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }

    /// The same token, matched in the original text.
    AddedToken verbatim() {
        return new AddedToken(id, content, special, false, singleWord, lstrip, rstrip);
    }

    /// Reads an entry of `added_tokens`, or of `added_tokens_decoder` in `tokenizer_config.json`.
    static AddedToken of(int id, JsonNode node) {
        return new AddedToken(id, node.path("content").asString(""), node.path("special").asBoolean(false),
                node.path("normalized").asBoolean(false), node.path("single_word").asBoolean(false),
                node.path("lstrip").asBoolean(false), node.path("rstrip").asBoolean(false));
    }

    /// Whether the token is a marker, which untrusted text must not contain: a special token (`<|im_end|>`), or one of
    /// three characters or more with brackets (`<think>`, `[TOOL]`). White space, plain words and symbols, and the HTML
    /// elements in some vocabularies (`<b>`, `</h1>`) are not markers: they encode ordinary text.
    boolean isMarker() {
        boolean blank = true;
        boolean bracket = false;
        for (int i = 0; i < content.length(); i++) {
            char c = content.charAt(i);
            blank &= Character.isWhitespace(c) || c == '▁';
            bracket |= "<>[]{}|｜".indexOf(c) >= 0;
        }
        return !blank && (special || bracket && content.length() > 2 && !isHtml());
    }

    private boolean isHtml() {
        if (content.charAt(0) != '<' || !content.endsWith(">")) {
            return false;
        }
        String name = content.substring(content.charAt(1) == '/' ? 2 : 1, content.length() - 1);
        return switch (name) {
            case "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "h1", "h2", "h3", "h4", "h5", "h6",
                    "blockquote", "strong", "em", "b", "i", "u", "s", "sub", "sup", "code" -> true;
            default -> false;
        };
    }

    void appendJson(JsonBuilder json) {
        json.raw("{\"id\":").raw(id).raw(",\"content\":").quoted(content)
                .raw(",\"special\":").raw(special).raw(",\"normalized\":").raw(normalized)
                .raw(",\"single_word\":").raw(singleWord).raw(",\"lstrip\":").raw(lstrip)
                .raw(",\"rstrip\":").raw(rstrip).raw("}");
    }
}
