package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.serve.chat.StoredResponses;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Conversations that the server holds, so that a request has new messages alone (`thread`): `create` keeps the
/// conversation under the id of the answer, `continue` goes on after an answer with the system prompt and the tools of
/// the conversation.
final class MessageThreads {
    static final List<String> TYPES = List.of("create", "continue");
    private static final List<String> OF_CREATE = List.of("system", "tools");

    private final StoredResponses stored = new StoredResponses();

    /// The body as that of a request with the whole conversation.
    ///
    /// @throws ServeException if the conversation is not held: clients send it again
    Fields whole(Fields body, String caller) {
        Optional<Fields> thread = body.object("thread");
        if (thread.isEmpty()) {
            return body;
        }
        Fields fields = thread.get();
        Map<String, Object> values = new LinkedHashMap<>(body.values());
        String type = fields.word("type").orElseThrow(() -> ServeException.badField("thread.type",
                "missing; expected one of " + String.join(", ", TYPES)));
        if (type.equals("continue")) {
            String id = fields.requiredText("previous_message_id");
            StoredResponses.Stored before = stored.find(id, caller).orElseThrow(() -> new ServeException(404,
                    "thread_not_found", "thread", "thread.previous_message_id: found no message '" + id
                            + "'; threads are kept until others need their memory: send the whole conversation"));
            for (String field : OF_CREATE) {
                if (values.get(field) != null) {
                    throw ServeException.badField(field, "found with thread.type continue, which has that of the "
                            + "thread; leave it out");
                }
                values.put(field, before.body().get(field));
            }
            List<Object> messages = new ArrayList<>(before.conversation());
            messages.addAll(body.list("messages"));
            values.put("messages", messages);
        }
        fields.end();
        return body.with(values).skip("thread");
    }

    /// Keeps a conversation with its answer, if the request has a thread.
    ///
    /// @param body the whole one
    @SuppressWarnings("unchecked")
    void keep(Fields body, String caller, Map<String, Object> answer) {
        if (!body.has("thread")) {
            return;
        }
        List<Map<String, Object>> messages = new ArrayList<>((List<Map<String, Object>>) body.list("messages"));
        messages.add(object("role", "assistant", "content", answer.get("content")));
        Map<String, Object> values = body.values();
        stored.put(StoredResponses.Stored.of(caller, List.of(), messages, object("id", answer.get("id"),
                "system", values.get("system"), "tools", values.get("tools"))));
    }
}
