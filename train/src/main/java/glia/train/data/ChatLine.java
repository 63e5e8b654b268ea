package glia.train.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Lines of JSONL files with chats, as [ChatData] reads them.
public final class ChatLine {
    private ChatLine() { }

    /// A chat.
    ///
    /// @param contents of the messages, in turns of the user and the assistant
    public static Map<String, Object> of(String... contents) {
        List<Map<String, Object>> messages = new ArrayList<>();
        for (String content : contents) {
            Map<String, Object> message = new LinkedHashMap<>();
            message.put("role", messages.size() % 2 == 0 ? "user" : "assistant");
            message.put("content", content);
            messages.add(message);
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("messages", messages);
        return line;
    }
}
