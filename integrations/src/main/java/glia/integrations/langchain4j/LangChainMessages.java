package glia.integrations.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import glia.engine.answer.AnswerTools;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// LangChain4j's messages and tools as those of chat templates.
final class LangChainMessages {
    private LangChainMessages() { }

    static List<ChatMessage> of(List<dev.langchain4j.data.message.ChatMessage> messages) {
        return messages.stream().map(LangChainMessages::of).toList();
    }

    private static ChatMessage of(dev.langchain4j.data.message.ChatMessage message) {
        return switch (message) {
            case SystemMessage system -> ChatMessage.system(system.text());
            case UserMessage user -> new ChatMessage("user", text(user.contents()), List.of(), "",
                    user.name() == null ? Map.of() : Map.of("name", user.name()));
            case AiMessage answer -> new ChatMessage("assistant", answer.text() == null ? "" : answer.text(),
                    calls(answer), answer.thinking() == null ? "" : answer.thinking(), Map.of());
            case ToolExecutionResultMessage result -> new ChatMessage("tool", text(result.contents()), List.of(), "",
                    result(result));
            default -> throw new UnsupportedFeatureException("messages of type " + message.type());
        };
    }

    private static Map<String, Object> result(ToolExecutionResultMessage result) {
        Map<String, Object> extra = new LinkedHashMap<>();
        if (result.toolName() != null) {
            extra.put("name", result.toolName());
        }
        if (result.id() != null) {
            extra.put("tool_call_id", result.id());
        }
        return extra;
    }

    private static String text(List<Content> contents) {
        StringBuilder all = new StringBuilder();
        for (Content content : contents) {
            if (!(content instanceof TextContent text)) {
                throw new UnsupportedFeatureException(content.type().name().toLowerCase(Locale.ROOT)
                        + " inputs are not supported: the model reads text alone");
            }
            all.append(text.text());
        }
        return all.toString();
    }

    private static List<ToolCall> calls(AiMessage answer) {
        List<ToolCall> calls = new ArrayList<>();
        if (answer.hasToolExecutionRequests()) {
            for (ToolExecutionRequest request : answer.toolExecutionRequests()) {
                calls.add(ToolCall.parse(request.id() == null ? "" : request.id(), request.name(),
                        request.arguments() == null ? "" : request.arguments()));
            }
        }
        return calls;
    }

    /// The schema of arguments, which have no others than it names unless it says so.
    private static Map<String, Object> schema(JsonObjectSchema parameters) {
        Map<String, Object> schema = new LinkedHashMap<>(JsonSchemaElementUtils.toMap(parameters));
        schema.put("additionalProperties", Boolean.TRUE.equals(parameters.additionalProperties()));
        return schema;
    }

    static List<Map<String, Object>> tools(List<ToolSpecification> tools) {
        List<Map<String, Object>> schemas = new ArrayList<>();
        for (ToolSpecification tool : tools) {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", tool.name());
            if (tool.description() != null) {
                function.put("description", tool.description());
            }
            function.put("parameters", tool.parameters() == null ? AnswerTools.NO_PARAMETERS
                    : schema(tool.parameters()));
            schemas.add(Map.of("type", "function", "function", function));
        }
        return schemas;
    }
}
