package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.Prompt;
import glia.engine.state.ContextFullException;
import glia.serve.chat.StoredResponses;
import glia.serve.http.Caller;
import glia.serve.http.EventStream;
import glia.serve.pool.ModelPool;
import glia.text.template.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Generates one response, and keeps it if that is wanted.
final class ResponseRun {
    private final String id;
    private final String digits;
    private final String model;
    private final ResponsesRequest request;
    private final Caller caller;
    private final StoredResponses stored;
    private final GenerationRun run;
    private final LanguageModel loaded;
    private final long created = System.currentTimeMillis() / 1000;
    private int numEvents;
    /// Whether an earlier state was kept.
    private boolean isKept;

    /// Renders the prompt.
    ResponseRun(String digits, ModelPool.Lease lease, ResponsesRequest request, Caller caller, StoredResponses stored) {
        this.id = "resp_" + digits;
        this.digits = digits;
        this.model = lease.served().name();
        this.loaded = lease.served().model();
        this.request = request;
        this.caller = caller;
        this.stored = stored;
        this.run = render();
    }

    private GenerationRun render() {
        try {
            return new GenerationRun(loaded, request.call());
        } catch (ContextFullException e) {
            if (!request.truncates()) {
                throw e;
            }
            return truncated(e);
        }
    }

    /// Drops as few of the oldest messages as possible.
    private GenerationRun truncated(ContextFullException whole) {
        GenerationRun fitting = null;
        int least = 1;
        int most = ((Prompt.Conversation) request.call().prompt()).messages().size() - 1;
        while (least <= most) {
            int count = (least + most) / 2;
            try {
                fitting = new GenerationRun(loaded, without(count));
                most = count - 1;
            } catch (ContextFullException e) {
                least = count + 1;
            }
        }
        if (fitting == null) {
            throw whole;
        }
        return fitting;
    }

    private GenerationCall without(int count) {
        Prompt.Conversation prompt = (Prompt.Conversation) request.call().prompt();
        return request.call().withPrompt(new Prompt.Conversation(withoutOldest(prompt.messages(), count),
                prompt.tools(), prompt.variables(), false));
    }

    /// Messages without the oldest `count` ones after the system prompts, and without results whose calls were among
    /// them. The last message stays.
    static List<ChatMessage> withoutOldest(List<ChatMessage> messages, int count) {
        int first = 0;
        while (first < messages.size() - 1 && messages.get(first).role().equals("system")) {
            first++;
        }
        int end = Math.min(messages.size() - 1, first + count);
        while (end < messages.size() - 1 && messages.get(end).role().equals("tool")) {
            end++;
        }
        List<ChatMessage> fewer = new ArrayList<>(messages.subList(0, first));
        fewer.addAll(messages.subList(end, messages.size()));
        return fewer;
    }

    String id() {
        return id;
    }

    /// The response while it is generated.
    Map<String, Object> begun(String status) {
        return request.body(id, model, created, status, List.of(), null, null);
    }

    private ResponseOutput output(ResponseOutput.Events events) {
        return new ResponseOutput(digits, loaded.tokenizer(), Optional.of(caller.name())
                .filter(_ -> request.encryptsReasoning()), events);
    }

    /// Generates the response.
    ///
    /// @return null if it is no longer wanted
    Map<String, Object> whole(BooleanSupplier isWanted) {
        ResponseOutput output = output((_, _) -> { });
        run.run(output, isWanted);
        return output.end() == null ? null : finished(output);
    }

    /// Generates the response and writes its events.
    ///
    /// @return whether it is complete
    boolean stream(EventStream stream) {
        ResponseOutput output = output((type, fields) -> event(stream, type, fields));
        // Called first when the request has been queued: until then errors have a status.
        run.run(output, () -> {
            if (numEvents == 0) {
                event(stream, "response.created", object("response", begun("in_progress")));
                event(stream, "response.in_progress", object("response", begun("in_progress")));
            }
            return stream.isOpen();
        });
        if (output.end() == null) {
            return false;
        }
        Map<String, Object> body = finished(output);
        event(stream, "response." + body.get("status"), object("response", body));
        return true;
    }

    private void event(EventStream stream, String type, Map<String, Object> fields) {
        Map<String, Object> event = object("type", type, "sequence_number", numEvents++);
        event.putAll(fields);
        stream.event(type, event);
    }

    private Map<String, Object> finished(ResponseOutput output) {
        AnswerEnd end = output.end();
        Map<String, Object> body = request.body(id, model, created, end.isCut() ? "incomplete"
                : "completed", output.items(), end, null);
        if (request.stores()) {
            keep(body, output.items());
        }
        return body;
    }

    /// Keeps the response in its present state.
    void keep(Map<String, Object> body, List<Map<String, Object>> output) {
        List<Map<String, Object>> conversation = new ArrayList<>(request.before());
        conversation.addAll(request.input());
        conversation.addAll(output);
        StoredResponses.Stored state = StoredResponses.Stored.of(caller.name(), request.input(), conversation, body);
        if (isKept) {
            stored.replace(state);
        } else {
            stored.put(state);
        }
        isKept = true;
    }

    /// Keeps that the response was cancelled or has failed.
    ///
    /// @param error null for none
    void keepWithout(String status, Map<String, Object> error) {
        keep(request.body(id, model, created, status, List.of(), null, error), List.of());
    }
}
