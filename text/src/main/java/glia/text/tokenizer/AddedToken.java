package glia.text.tokenizer;

import tools.jackson.databind.JsonNode;

/// A token that is found in a text as it stands, before the text is split and merged: a line of `added_tokens` in
/// `tokenizer.json`.
///
/// @param special a control token, which decoding can leave out
/// @param normalized whether it is looked for after the text was normalized
/// @param singleWord whether it counts only between word boundaries
/// @param lstrip whether it swallows white space on its left
/// @param rstrip whether it swallows white space on its right
record AddedToken(int id, String content, boolean special, boolean normalized, boolean singleWord, boolean lstrip,
                  boolean rstrip) {

    /// A token that is looked for in the text as it was given, with no further conditions.
    static AddedToken verbatim(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }

    /// A line of `added_tokens`, or of `added_tokens_decoder` in `tokenizer_config.json`.
    static AddedToken of(int id, JsonNode node) {
        return new AddedToken(id, node.path("content").asString(""), node.path("special").asBoolean(false),
                node.path("normalized").asBoolean(false), node.path("single_word").asBoolean(false),
                node.path("lstrip").asBoolean(false), node.path("rstrip").asBoolean(false));
    }

    /// Whether models are steered by it, so that text from strangers must not hold it: special tokens (`<|im_end|>`),
    /// and others of three characters or more that stand in brackets of some kind (`<think>`, `[TOOL]`). None are white
    /// space, plain words and symbols, and the HTML elements that some vocabularies list (`<b>`, `</h1>`): they are
    /// added for the sake of ordinary text.
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
