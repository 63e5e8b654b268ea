package glia.train.data;

import glia.io.jsonl.TextPlace;
import glia.io.picture.Picture;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

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

    /// The same with other forms of the messages.
    Chat with(List<ChatMessage> others) {
        return new Chat(place, others, numPrompt, tools);
    }

    /// The pictures of the messages, in order.
    List<Picture> pictures() {
        return messages.stream().flatMap(message -> message.pictures().stream()).toList();
    }

    /// Whether a message is the assistant's.
    static boolean isAssistant(ChatMessage message) {
        return message.role().equals("assistant");
    }

    /// Whether a message is trained on: one of the assistant after the prompt whose `weight` is not 0.
    boolean isTrained(int index) {
        ChatMessage message = messages.get(index);
        return index >= numPrompt && isAssistant(message) && !Integer.valueOf(0).equals(message.extra().get("weight"));
    }

    /// Whether any message is trained on.
    boolean isTrained() {
        return IntStream.range(0, messages.size()).anyMatch(this::isTrained);
    }
}
