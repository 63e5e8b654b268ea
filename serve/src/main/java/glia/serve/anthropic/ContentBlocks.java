package glia.serve.anthropic;

import glia.serve.chat.ContentParts;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The content of one message: a string, or blocks.
///
/// @param text its text
/// @param parts its texts and pictures
/// @param thinking the thinking of an assistant
/// @param calls tool calls of an assistant
/// @param results results of tools, in a message of the user
record ContentBlocks(String text, ContentParts parts, String thinking, List<ToolCall> calls, List<Result> results) {
    /// The result of a tool.
    ///
    /// @param name of the field, for messages
    /// @param id of the call
    record Result(String name, String id, String content) { }

    private static final String USER_TYPES = "text, image or tool_result; documents are not read";
    private static final String ASSISTANT_TYPES = "text, thinking, redacted_thinking or tool_use";

    /// The content of a message.
    ///
    /// @param isAssistant whose message it is
    static ContentBlocks read(Fields message, boolean isAssistant) {
        Object content = message.value("content");
        if (content == null) {
            throw ServeException.badField(message.name("content"), "missing; expected a string or content blocks");
        }
        if (content instanceof String text) {
            ContentParts plain = new ContentParts();
            plain.text(text);
            return new ContentBlocks(text, plain, "", List.of(), List.of());
        }
        ContentParts parts = new ContentParts();
        StringBuilder thinking = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        List<Result> results = new ArrayList<>();
        for (Fields block : message.objects("content")) {
            String type = block.requiredText("type");
            switch (isAssistant + " " + type) {
                case "true text", "false text" -> parts.text(block.requiredText("text"));
                case "false image" -> picture(block, parts);
                case "true thinking" -> thinking.append(thinking(block));
                // Another server's thinking, encrypted.
                case "true redacted_thinking" -> block.requiredText("data");
                case "true tool_use" -> calls.add(call(block));
                case "false tool_result" -> results.add(result(block));
                default -> throw Fields.wrong(block.name("type"), type, isAssistant ? ASSISTANT_TYPES : USER_TYPES);
            }
            block.skip("cache_control", "toolset_name");
            noCitations(block);
            block.end();
        }
        // An answer's own blocks are pieces of one text.
        return new ContentBlocks(parts.joined(isAssistant ? "" : "\n"), parts, thinking.toString(), calls, results);
    }

    /// A picture: Base64 with its media type, which the file itself says, or a URL.
    private static void picture(Fields block, ContentParts parts) {
        Fields source = block.object("source").orElseThrow(() -> ServeException.badField(block.name("source"),
                "missing; expected {\"type\": \"base64\", \"media_type\": \"image/png\", \"data\": \"…\"}"));
        String key = source.word("type", List.of("base64", "url")).orElse("base64").equals("url") ? "url" : "data";
        source.skip("media_type");
        parts.picture(source.name(key), source.requiredText(key));
        source.end();
    }

    /// A string, or text blocks, such as a system prompt and the content of a tool result.
    static String text(Fields fields, String key) {
        Object content = fields.value(key);
        if (content == null) {
            return "";
        }
        if (content instanceof String text) {
            return text;
        }
        List<String> texts = new ArrayList<>();
        for (Fields block : fields.objects(key)) {
            String type = block.requiredText("type");
            if (!type.equals("text")) {
                throw Fields.wrong(block.name("type"), type, "text; images are read in messages of the user, "
                        + "documents are not");
            }
            texts.add(block.requiredText("text"));
            block.skip("cache_control");
            noCitations(block);
            block.end();
        }
        return String.join("\n", texts);
    }

    private static void noCitations(Fields block) {
        block.only("citations", value -> value instanceof List<?> list && list.isEmpty()
                || value instanceof Map<?, ?> map && !Boolean.TRUE.equals(map.get("enabled")), "none");
    }

    private static String thinking(Fields block) {
        String text = block.text("thinking").orElse("");
        String signature = block.requiredText("signature");
        // Thinking of another server's model is of no use to this one.
        return !ThinkingSignature.isKnown(signature) ? "" : ThinkingSignature.verified(text, signature)
                .orElseThrow(() -> ServeException.badField(block.name("signature"), "the signature is not that of this "
                        + "thinking block; send blocks back as they were received, or leave them out"));
    }

    private static ToolCall call(Fields block) {
        block.only("caller", value -> value instanceof Map<?, ?> map && "direct".equals(map.get("type")),
                "a direct caller");
        return new ToolCall(block.requiredText("id"), block.requiredText("name"),
                block.object("input").map(Fields::all).orElse(Map.of()));
    }

    private static Result result(Fields block) {
        String content = text(block, "content");
        boolean isError = block.flag("is_error", false);
        return new Result(block.name("tool_use_id"), block.requiredText("tool_use_id"),
                isError ? "Error: " + content : content);
    }
}
