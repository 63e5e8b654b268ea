package glia.train.data;

import glia.io.jsonl.TextPlace;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A conversation of a data file.
///
/// @param numPrompt messages at the start that are not trained on whatever their role
/// @param tools JSON schemas of the tools that the model may call
record Chat(TextPlace place, List<ChatMessage> messages, int numPrompt, List<Map<String, Object>> tools) {
    Chat {
        messages = List.copyOf(messages);
        tools = List.copyOf(tools);
    }

    /// The same with a null content of messages that are tool calls without content.
    Chat withNullContents() {
        List<ChatMessage> changed = new ArrayList<>();
        for (ChatMessage message : messages) {
            Map<String, Object> extra = new LinkedHashMap<>(message.extra());
            if (!message.toolCalls().isEmpty() && message.content().isBlank()) {
                extra.put("content", null);
            }
            changed.add(new ChatMessage(message.role(), message.content(), message.toolCalls(), message.reasoning(),
                    extra));
        }
        return new Chat(place, changed, numPrompt, tools);
    }

    static boolean isAssistant(ChatMessage message) {
        return message.role().equals("assistant");
    }
}
