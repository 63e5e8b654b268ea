package glia.text.tokenizer;

import glia.io.DisplayText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// The special tokens that are added around a text: the `post_processor` of a `tokenizer.json`.
record Template(int[] before, int[] after) {
    private static final int MAX_TOKENS = 64;

    static final Template NONE = new Template(new int[0], new int[0]);

    /// Reads a `post_processor`.
    ///
    /// @throws IllegalArgumentException if its type is not supported or it names a token without giving its ids
    static Template of(JsonNode node) {
        String type = node.path("type").asString("");
        return switch (type) {
            case "", "ByteLevel" -> NONE;
            case "TemplateProcessing" -> template(node);
            case "BertProcessing", "RobertaProcessing" -> new Template(new int[] {node.path("cls").path(1).asInt(-1)},
                    new int[] {node.path("sep").path(1).asInt(-1)});
            case "Sequence" -> {
                Template all = NONE;
                for (JsonNode step : node.path("processors")) {
                    Template next = of(step);
                    all = new Template(join(next.before, all.before), join(all.after, next.after));
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
        return new Template(ints(before), ints(after));
    }

    /// The same template with or without a first token.
    Template withFirst(int token, boolean wanted) {
        int[] others = Arrays.stream(before).filter(id -> id != token).toArray();
        return new Template(wanted ? join(new int[] {token}, others) : others, after);
    }

    /// The same template with or without a last token.
    Template withLast(int token, boolean wanted) {
        int[] others = Arrays.stream(after).filter(id -> id != token).toArray();
        return new Template(before, wanted ? join(others, new int[] {token}) : others);
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
