package glia.integrations.spring;

import glia.io.json.JsonValues;
import glia.text.template.ChatMessage;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.content.MediaContent;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.definition.ToolDefinition;

/// Spring AI's messages and tools as those of chat templates.
final class SpringMessages {
    private SpringMessages() { }

    static List<ChatMessage> of(List<Message> messages) {
        List<ChatMessage> all = new ArrayList<>();
        for (Message message : messages) {
            add(message, all);
        }
        return all;
    }

    private static void add(Message message, List<ChatMessage> all) {
        if (message instanceof MediaContent media && !media.getMedia().isEmpty()) {
            throw new IllegalArgumentException("the message has a part of type "
                    + media.getMedia().iterator().next().getMimeType() + "; the model reads text alone");
        }
        switch (message) {
            case ToolResponseMessage results -> {
                for (ToolResponseMessage.ToolResponse result : results.getResponses()) {
                    all.add(new ChatMessage("tool", result.responseData(), List.of(), "",
                            Map.of("name", result.name(), "tool_call_id", result.id())));
                }
            }
            case AssistantMessage answer -> all.add(new ChatMessage("assistant", text(answer),
                    answer.getToolCalls().stream().map(SpringMessages::call).toList(),
                    answer.getMetadata().get("reasoningContent") instanceof String thinking ? thinking : "",
                    Map.of()));
            default -> all.add(new ChatMessage(message.getMessageType().getValue(), text(message)));
        }
    }

    private static String text(Message message) {
        return message.getText() == null ? "" : message.getText();
    }

    private static ToolCall call(AssistantMessage.ToolCall call) {
        return ToolCall.parse(call.id(), call.name(), call.arguments());
    }

    static List<Map<String, Object>> tools(ChatOptions options) {
        List<Map<String, Object>> tools = new ArrayList<>();
        if (options instanceof ToolCallingChatOptions calling && calling.getToolCallbacks() != null) {
            for (ToolCallback callback : calling.getToolCallbacks()) {
                ToolDefinition tool = callback.getToolDefinition();
                tools.add(Map.of("type", "function", "function", Map.of("name", tool.name(), "description",
                        tool.description(), "parameters", JsonValues.parse(tool.inputSchema()))));
            }
        }
        return tools;
    }
}
