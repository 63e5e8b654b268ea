package glia.text.tokenizer;

import glia.io.DisplayText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// The special tokens that are added around a text: the `post_processor` of a `tokenizer.json`.
///
/// @param between the tokens between the texts of a pair, such as two separators in RoBERTa
record Template(int[] before, int[] after, int[] between) {
    private static final int MAX_TOKENS = 64;

    static final Template NONE = new Template(new int[0], new int[0]);

    /// A template with the same tokens between the texts of a pair as after a text.
    Template(int[] before, int[] after) {
        this(before, after, after);
    }

    /// Reads a `post_processor`.
    ///
    /// @throws IllegalArgumentException if its type is not supported or it names a token without giving its ids
    static Template of(JsonNode node) {
        String type = node.path("type").asString("");
        return switch (type) {
            case "", "ByteLevel" -> NONE;
            case "TemplateProcessing" -> template(node);
            case "BertProcessing", "RobertaProcessing" -> {
                int sep = node.path("sep").path(1).asInt(-1);
                yield new Template(new int[] {node.path("cls").path(1).asInt(-1)}, new int[] {sep},
                        type.equals("BertProcessing") ? new int[] {sep} : new int[] {sep, sep});
            }
            case "Sequence" -> {
                Template all = NONE;
                for (JsonNode step : node.path("processors")) {
                    Template next = of(step);
                    all = new Template(join(next.before, all.before), join(all.after, next.after),
                            join(all.between, next.between));
                }
                if (all.before.length + all.after.length > MAX_TOKENS) {
                    throw new IllegalArgumentException("found processors that add more than " + MAX_TOKENS + " tokens");
                }
                yield all;
            }
            default -> throw new IllegalArgumentException("found the post-processor " + DisplayText.quote(type)
                    + ", known are "
                    + "TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing and Sequence");
        };
    }

    private static Template template(JsonNode node) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        boolean text = false;
        for (JsonNode part : node.path("single")) {
            if (part.has("Sequence")) {
                text = true;
                continue;
            }
            String name = part.path("SpecialToken").path("id").asString("");
            JsonNode ids = node.path("special_tokens").path(name).path("ids");
            for (JsonNode id : ids) {
                (text ? after : before).add(id.asInt(-1));
            }
            if (ids.isEmpty() || before.size() + after.size() > MAX_TOKENS) {
                throw new IllegalArgumentException("found the part " + Components.shown(part)
                        + " of the template, expected one listed in special_tokens, and at most " + MAX_TOKENS
                        + " tokens");
            }
        }
        if (!text) {
            throw new IllegalArgumentException("found a template without a place for the text: "
                    + Components.shown(node.path("single")));
        }
        int[] between = between(node);
        return new Template(ints(before), ints(after), between.length == 0 ? ints(after) : between);
    }

    /// The tokens between the two texts of the template `pair`; none if it says nothing.
    private static int[] between(JsonNode node) {
        List<Integer> between = new ArrayList<>();
        int texts = 0;
        for (JsonNode part : node.path("pair")) {
            if (part.has("Sequence")) {
                texts++;
            } else if (texts == 1 && between.size() < MAX_TOKENS) {
                String name = part.path("SpecialToken").path("id").asString("");
                node.path("special_tokens").path(name).path("ids").forEach(id -> between.add(id.asInt(-1)));
            }
        }
        return texts == 2 ? ints(between) : new int[0];
    }

    /// The same template with or without a first token.
    Template withFirst(int token, boolean wanted) {
        int[] others = Arrays.stream(before).filter(id -> id != token).toArray();
        return new Template(wanted ? join(new int[] {token}, others) : others, after, between);
    }

    /// The same template with or without a last token.
    Template withLast(int token, boolean wanted) {
        int[] others = Arrays.stream(after).filter(id -> id != token).toArray();
        return new Template(before, wanted ? join(others, new int[] {token}) : others);
    }

    /// The tokens after the first text of a pair, besides those that are after each text.
    int[] beforeSecond() {
        return between.length > after.length && Arrays.equals(between, 0, after.length, after, 0, after.length)
                ? Arrays.copyOfRange(between, after.length, between.length) : new int[0];
    }

    /// The ids of a text with the special tokens around them.
    int[] around(int[] ids) {
        return before.length + after.length == 0 ? ids : join(join(before, ids), after);
    }

    private static int[] join(int[] a, int[] b) {
        int[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }

    private static int[] ints(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
