package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.serve.http.EventStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Writes the chunks of a streamed chat completion while it is generated.
final class ChatChunks implements AnswerReceiver {
    private final ChatResponse response;
    private final EventStream stream;
    private final boolean withUsage;
    /// Log-probabilities of tokens whose text has not been written, by sample; there is an entry once it has begun.
    private final Map<Integer, List<Object>> pending = new HashMap<>();

    ChatChunks(ChatResponse response, EventStream stream, boolean withUsage) {
        this.response = response;
        this.stream = stream;
        this.withUsage = withUsage;
    }

    @Override
    public void token(int sample, GeneratedToken token) {
        begin(sample);
        pending.get(sample).add(response.logProbability(token));
    }

    @Override
    public void thinking(int sample, String piece) {
        write(sample, object("reasoning_content", piece));
    }

    @Override
    public void text(int sample, String piece) {
        write(sample, object("content", piece));
    }

    @Override
    public void toolCall(int sample, int index, String id, String name) {
        write(sample, object("tool_calls", List.of(object("index", index, "id", id, "type", "function", "function",
                object("name", name, "arguments", "")))));
    }

    @Override
    public void toolArguments(int sample, int index, String piece) {
        write(sample, object("tool_calls", List.of(object("index", index, "function", object("arguments", piece)))));
    }

    @Override
    public void ended(int sample, AnswerEnd end) {
        begin(sample);
        response.ended(sample, end);
        stream.event(response.chunk(sample, object(), logProbabilities(sample), ChatCompletions.reason(end),
                withUsage));
    }

    private void begin(int sample) {
        if (pending.putIfAbsent(sample, new ArrayList<>()) == null) {
            stream.event(response.chunk(sample, object("role", "assistant", "content", ""), null, null, withUsage));
        }
    }

    private void write(int sample, Map<String, Object> delta) {
        begin(sample);
        stream.event(response.chunk(sample, delta, logProbabilities(sample), null, withUsage));
    }

    private Object logProbabilities(int sample) {
        List<Object> tokens = pending.get(sample);
        if (tokens.isEmpty()) {
            return null;
        }
        pending.put(sample, new ArrayList<>());
        return object("content", tokens, "refusal", null);
    }
}
