package glia.serve.openai;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.serve.chat.TokenTexts;
import glia.text.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The output items of a response: reasoning, message, function calls. Writes their events in OpenAI's order: an item
/// is added, its part is added, deltas, the whole text, the part is done, the item is done.
final class ResponseOutput implements AnswerReceiver {
    /// Receives events.
    interface Events {
        /// @param type such as `response.output_text.delta`
        /// @param fields without `type` and `sequence_number`
        void event(String type, Map<String, Object> fields);
    }

    private enum Kind { REASONING, MESSAGE, CALL }

    private final String id;
    private final TokenTexts texts;
    private final Optional<String> reasoningReader;
    private final Events events;
    private final List<Map<String, Object>> items = new ArrayList<>();
    /// Log-probabilities of tokens whose text has not come.
    private List<Map<String, Object>> pending = new ArrayList<>();
    private AnswerEnd end;

    /// The item that is being written; null for none.
    private Kind kind;
    private String itemId;
    private String callId;
    private String callName;
    private final StringBuilder text = new StringBuilder();
    private List<Map<String, Object>> logProbabilities = new ArrayList<>();

    /// @param id hexadecimal digits that the ids of items begin with
    /// @param reasoningReader the caller that may read the encrypted text of reasoning items; empty for no such text
    ResponseOutput(String id, Tokenizer tokenizer, Optional<String> reasoningReader, Events events) {
        this.reasoningReader = reasoningReader;
        this.id = id;
        this.texts = new TokenTexts(tokenizer);
        this.events = events;
    }

    /// The items that are complete.
    List<Map<String, Object>> items() {
        return List.copyOf(items);
    }

    /// The end; null before.
    AnswerEnd end() {
        return end;
    }

    @Override
    public void token(int sample, GeneratedToken token) {
        pending.add(texts.logProbability(token));
    }

    @Override
    public void thinking(int sample, String piece) {
        if (kind != Kind.REASONING) {
            begin(Kind.REASONING);
        }
        pending.clear();
        text.append(piece);
        delta("response.reasoning_text.delta", "content_index", 0, "delta", piece);
    }

    @Override
    public void text(int sample, String piece) {
        if (kind != Kind.MESSAGE) {
            boolean followsMarker = kind == Kind.REASONING;
            begin(Kind.MESSAGE);
            while (followsMarker && pending.size() > 1) {
                pending.removeFirst();
            }
        }
        text.append(piece);
        logProbabilities.addAll(pending);
        delta("response.output_text.delta", "content_index", 0, "delta", piece, "logprobs", pending);
        pending = new ArrayList<>();
    }

    @Override
    public void toolCall(int sample, int index, String newCallId, String name) {
        close("completed");
        callId = newCallId;
        callName = name;
        begin(Kind.CALL);
    }

    @Override
    public void toolArguments(int sample, int index, String piece) {
        text.append(piece);
        delta("response.function_call_arguments.delta", "delta", piece);
    }

    @Override
    public void ended(int sample, AnswerEnd last) {
        if (kind == null && items.isEmpty() || kind == Kind.REASONING && !last.isCut()) {
            begin(Kind.MESSAGE);
        }
        close(last.isCut() ? "incomplete" : "completed");
        end = last;
    }

    /// The events of a response that has ended, each text as one delta.
    static List<Map<String, Object>> events(Map<String, Object> body) {
        List<Map<String, Object>> all = new ArrayList<>();
        Events events = (type, fields) -> {
            Map<String, Object> event = object("type", type, "sequence_number", all.size());
            event.putAll(fields);
            all.add(event);
        };
        Map<String, Object> begun = new LinkedHashMap<>(body);
        begun.putAll(object("status", "in_progress", "output", List.of(), "usage", null, "completed_at", null,
                "incomplete_details", null));
        events.event("response.created", object("response", begun));
        events.event("response.in_progress", object("response", begun));
        List<?> items = (List<?>) body.get("output");
        for (int i = 0; i < items.size(); i++) {
            replay(i, (Map<?, ?>) items.get(i), events);
        }
        events.event("response." + body.get("status"), object("response", body));
        return all;
    }

    private static void replay(int index, Map<?, ?> item, Events events) {
        boolean isCall = item.get("type").equals("function_call");
        Map<String, Object> begun = new LinkedHashMap<>();
        item.forEach((key, value) -> begun.put((String) key, key.equals("status") ? "in_progress"
                : key.equals("content") ? List.of() : key.equals("arguments") ? "" : value));
        events.event("response.output_item.added", object("output_index", index, "item", begun));
        Map<String, Object> place = object("item_id", item.get("id"), "output_index", index);
        Map<?, ?> part = isCall ? Map.of() : (Map<?, ?>) ((List<?>) item.get("content")).getFirst();
        String kind = isCall ? "function_call_arguments" : (String) part.get("type");
        Object text = isCall ? item.get("arguments") : part.get("text");
        if (!isCall) {
            place.put("content_index", 0);
            Map<String, Object> empty = new LinkedHashMap<>();
            part.forEach((key, value) -> empty.put((String) key, key.equals("text") ? "" : value));
            events.event("response.content_part.added", with(place, "part", empty));
        }
        Object logs = kind.equals("output_text") ? part.get("logprobs") : ABSENT;
        events.event("response." + kind + ".delta", with(place, "delta", text, "logprobs", logs));
        events.event("response." + kind + ".done", with(place, isCall ? "arguments" : "text", text, "name",
                isCall ? item.get("name") : ABSENT, "logprobs", logs));
        if (!isCall) {
            events.event("response.content_part.done", with(place, "part", part));
        }
        events.event("response.output_item.done", object("output_index", index, "item", item));
    }

    private static Map<String, Object> with(Map<String, Object> fields, Object... more) {
        Map<String, Object> all = new LinkedHashMap<>(fields);
        all.putAll(object(more));
        return all;
    }

    private void begin(Kind next) {
        close("completed");
        kind = next;
        itemId = switch (next) {
            case REASONING -> "rs_";
            case MESSAGE -> "msg_";
            case CALL -> "fc_";
        } + id + "%02x".formatted(items.size());
        events.event("response.output_item.added", object("output_index", items.size(), "item",
                item("in_progress", true)));
        if (next != Kind.CALL) {
            events.event("response.content_part.added", fields("content_index", 0, "part", part("", List.of())));
        }
    }

    private void close(String status) {
        if (kind == null) {
            return;
        }
        String all = text.toString();
        switch (kind) {
            case REASONING -> delta("response.reasoning_text.done", "content_index", 0, "text", all);
            case MESSAGE -> delta("response.output_text.done", "content_index", 0, "text", all, "logprobs",
                    logProbabilities);
            case CALL -> delta("response.function_call_arguments.done", "name", callName, "arguments", all);
        }
        if (kind != Kind.CALL) {
            events.event("response.content_part.done",
                    fields("content_index", 0, "part", part(all, logProbabilities)));
        }
        Map<String, Object> item = item(status, false);
        events.event("response.output_item.done", object("output_index", items.size(), "item", item));
        items.add(item);
        kind = null;
        text.setLength(0);
        logProbabilities = new ArrayList<>();
    }

    private void delta(String type, Object... more) {
        events.event(type, fields(more));
    }

    private Map<String, Object> fields(Object... more) {
        Map<String, Object> fields = object("item_id", itemId, "output_index", items.size());
        fields.putAll(object(more));
        return fields;
    }

    private Map<String, Object> item(String status, boolean isEmpty) {
        List<Object> content = isEmpty ? List.of() : List.of(part(text.toString(), logProbabilities));
        return switch (kind) {
            case REASONING -> object("id", itemId, "type", "reasoning", "summary", List.of(), "content", content,
                    "encrypted_content", isEmpty ? null
                            : reasoningReader.map(to -> EncryptedReasoning.of(to, text.toString())).orElse(null),
                    "status", status);
            case MESSAGE -> object("id", itemId, "type", "message", "status", status, "role", "assistant", "content",
                    content);
            case CALL -> object("id", itemId, "type", "function_call", "status", status, "call_id", callId,
                    "name", callName, "arguments", isEmpty ? "" : text.toString());
        };
    }

    private Map<String, Object> part(String whole, List<?> probabilities) {
        boolean isMessage = kind == Kind.MESSAGE;
        return object("type", isMessage ? "output_text" : "reasoning_text", "text", whole,
                "annotations", isMessage ? List.of() : ABSENT, "logprobs", isMessage ? probabilities : ABSENT);
    }
}
