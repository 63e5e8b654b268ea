package glia.serve.ollama;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.io.json.JsonValues;
import glia.serve.chat.TokenTexts;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// Writes an answer as Ollama does: a line of JSON for each piece and one with the durations at the end, or one object
/// with all. Durations are in nanoseconds.
final class OllamaAnswer implements AnswerReceiver {
    /// How a piece is written.
    enum Form {
        /// Of `/api/chat`: in `message`.
        CHAT {
            @Override
            void put(Map<String, Object> line, String text, Object thinking, Object calls) {
                line.put("message", object("role", "assistant", "content", text, "thinking", thinking, "tool_calls",
                        calls));
            }
        },
        /// Of `/api/generate`: in `response`.
        GENERATE {
            @Override
            void put(Map<String, Object> line, String text, Object thinking, Object calls) {
                line.putAll(object("response", text, "thinking", thinking));
            }
        };

        abstract void put(Map<String, Object> line, String text, Object thinking, Object calls);
    }

    private final Exchange exchange;
    private final Form form;
    private final String model;
    private final RequestTimes times;
    private final boolean streams;
    private final int alternatives;
    private final TokenTexts texts;
    /// Log-probabilities of tokens that no line has yet.
    private List<Object> logProbabilities = new ArrayList<>();
    private EventStream stream;
    private final StringBuilder text = new StringBuilder();
    private final StringBuilder thinking = new StringBuilder();
    private final List<Object> calls = new ArrayList<>();
    private final StringBuilder arguments = new StringBuilder();
    /// The function of the call whose arguments are generated; null for none.
    private Map<String, Object> call;
    private String callId;
    private AnswerEnd end;

    /// @param alternatives the most probable tokens to list with each token; -1 for no log-probabilities
    OllamaAnswer(Exchange exchange, Form form, OllamaModel model, boolean streams, int alternatives) {
        this.exchange = exchange;
        this.form = form;
        this.model = model.name();
        this.times = model.times();
        this.streams = streams;
        this.alternatives = alternatives;
        this.texts = new TokenTexts(model.model().tokenizer());
    }

    /// Whether the client is still there. Called before each event. A stream begins at the first call, when the request
    /// has been queued: until then errors have a status.
    boolean isOpen() {
        if (streams && stream == null) {
            stream = exchange.stream(EventStream.Form.LINES);
        }
        return streams ? stream.isOpen() : exchange.isConnected();
    }

    @Override
    public void token(int sample, GeneratedToken token) {
        Map<String, Object> entry = texts.logProbability(token);
        if (alternatives == 0) {
            entry.remove("top_logprobs");
        }
        logProbabilities.add(entry);
    }

    @Override
    public void thinking(int sample, String piece) {
        endCall();
        if (streams) {
            stream.event(line("", piece, ABSENT));
        } else {
            thinking.append(piece);
        }
    }

    @Override
    public void text(int sample, String piece) {
        endCall();
        text.append(piece);
        if (streams) {
            stream.event(line(piece, ABSENT, ABSENT));
        }
    }

    @Override
    public void toolCall(int sample, int index, String id, String name) {
        endCall();
        callId = id;
        call = object("index", index, "name", name);
    }

    @Override
    public void toolArguments(int sample, int index, String piece) {
        arguments.append(piece);
    }

    private void endCall() {
        if (call == null) {
            return;
        }
        call.put("arguments", arguments());
        Map<String, Object> complete = object("id", callId, "function", call);
        call = null;
        arguments.setLength(0);
        if (streams) {
            stream.event(line("", ABSENT, List.of(complete)));
        } else {
            calls.add(complete);
        }
    }

    /// The arguments of a call; those of a call that the most tokens cut off are empty.
    private Object arguments() {
        try {
            return arguments.isEmpty() ? object() : JsonValues.parse(arguments.toString());
        } catch (JacksonException e) {
            return object();
        }
    }

    @Override
    public void ended(int sample, AnswerEnd last) {
        endCall();
        end = last;
    }

    /// Whether the answer has ended.
    boolean isComplete() {
        return end != null;
    }

    /// The answer's text, without thinking and tool calls.
    String text() {
        return text.toString();
    }

    /// Whether the answer ended at a stop token.
    boolean isStopped() {
        return reason().equals("stop") && end.stop().isEmpty();
    }

    /// Sends the end of a complete answer.
    ///
    /// @param further fields of the last object
    void send(Map<String, Object> further) {
        Map<String, Object> last = streams ? line("", ABSENT, ABSENT) : line(text.toString(),
                thinking.isEmpty() ? ABSENT : thinking.toString(), calls.isEmpty() ? ABSENT : calls);
        last.put("done", true);
        last.put("done_reason", reason());
        last.putAll(further);
        last.putAll(times.end(end));
        write(last);
    }

    private String reason() {
        return end.isCut() ? "length" : "stop";
    }

    /// Answers a request without a prompt, which only loads a model or unloads it.
    void sendEmpty(boolean isUnloaded) {
        Map<String, Object> last = line("", ABSENT, ABSENT);
        last.put("done", true);
        last.put("done_reason", isUnloaded ? "unload" : "load");
        isOpen();
        write(last);
    }

    private void write(Map<String, Object> last) {
        if (streams) {
            stream.event(last);
            stream.close();
        } else {
            exchange.json(last);
        }
    }

    private Map<String, Object> line(String piece, Object thought, Object called) {
        Map<String, Object> line = object("model", model, "created_at", Instant.now().toString());
        form.put(line, piece, thought, called);
        line.put("done", false);
        if (!logProbabilities.isEmpty()) {
            line.put("logprobs", logProbabilities);
            logProbabilities = new ArrayList<>();
        }
        return line;
    }

    /// The durations of a request, in nanoseconds.
    static final class RequestTimes {
        private final long start = System.nanoTime();
        private long load;

        /// Notes that the model is there.
        void loaded() {
            load = System.nanoTime() - start;
        }

        /// The durations and counts of an answer. Those of the prompt include the time that the request waited.
        Map<String, Object> end(AnswerEnd end) {
            return object("total_duration", System.nanoTime() - start, "load_duration", load, "prompt_eval_count",
                    end.promptTokens(), "prompt_eval_duration", end.firstTokenNanos(), "eval_count", end.tokens(),
                    "eval_duration", Math.max(0, end.totalNanos() - end.firstTokenNanos()));
        }

        /// The durations and counts of embeddings.
        Map<String, Object> end(int promptTokens) {
            return object("total_duration", System.nanoTime() - start, "load_duration", load, "prompt_eval_count",
                    promptTokens);
        }
    }
}
