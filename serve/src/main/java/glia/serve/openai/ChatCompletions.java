package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.Canvas;
import glia.engine.answer.GeneratedToken;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.grammar.Grammar;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `POST /v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat).
public final class ChatCompletions implements Endpoint {
    private final ModelPool models;

    public ChatCompletions(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            boolean streams = body.flag("stream");
            boolean withCanvas = body.object("stream_options").map(o -> o.flag("include_canvas")).orElse(false);
            boolean withUsage = usage(body, streams);
            GenerationCall call = call(body, exchange, model);
            body.end();
            GenerationRun run = new GenerationRun(model, call);
            ChatResponse response = new ChatResponse(exchange.id(), lease.served().name(), model.tokenizer(),
                    call.numSamples(), call.numAlternatives());
            if (streams) {
                stream(exchange, run, response, withUsage, withCanvas);
            } else {
                run.run(response, exchange::isConnected);
                if (response.isComplete()) {
                    exchange.json(response.whole());
                }
            }
        }
    }

    private static void stream(Exchange exchange, GenerationRun run, ChatResponse response, boolean withUsage,
            boolean withCanvas) {
        EventStream stream = exchange.stream(EventStream.Form.SSE);
        run.run(new ChatChunks(response, stream, withUsage, withCanvas), stream::isOpen);
        if (response.isComplete()) {
            if (withUsage) {
                stream.event(response.usageChunk());
            }
            stream.raw("[DONE]");
            stream.close();
        }
    }

    /// Whether a stream is to end with the usage.
    ///
    /// @throws ServeException if the options of streams are there without a stream
    static boolean usage(Fields body, boolean streams) {
        Optional<Fields> options = body.object("stream_options");
        if (options.isEmpty()) {
            return false;
        }
        if (!streams) {
            throw ServeException.badField("stream_options", "found without a stream; set stream to true, or leave it "
                    + "out");
        }
        boolean withUsage = options.get().flag("include_usage");
        options.get().flag("include_canvas");
        options.get().end();
        return withUsage;
    }

    private static GenerationCall call(Fields body, Exchange exchange, LanguageModel model) {
        GenerationOptions options = Sampling.read(body, model);
        options = options.withMaxTokens(body.integer("max_completion_tokens")
                .orElse(body.integer("max_tokens").orElse(Sampling.mostTokens(body).orElse(0))));
        options = options.withThinking(ThinkingFields.read(body, model.thinking().format().isPresent()));
        ToolFields tools = ToolFields.read(body, false);
        GenerationCall call = new GenerationCall(ChatMessages.conversation(body, tools), options, exchange.terms())
                .withSamples(body.integer("n", 1, exchange.limits().samples()).orElse(1))
                .withToolChoice(tools.choice());
        boolean wantsLogProbabilities = body.flag("logprobs");
        int alternatives = body.integer("top_logprobs").orElse(0);
        if (alternatives > 0 && !wantsLogProbabilities) {
            throw ServeException.badField("top_logprobs", "found " + alternatives + " without logprobs; "
                    + "set logprobs to true");
        }
        Optional<Grammar> grammar = StructuredFields.read(body, model);
        call = grammar.isPresent() ? call.withGrammar(grammar.get()) : call;
        call = call.withTokenRules(Sampling.tokenRules(body, model));
        return wantsLogProbabilities ? call.withLogProbabilities(alternatives) : call;
    }

    /// The reason in OpenAI's words.
    static String reason(AnswerEnd end) {
        return end.isCut() ? "length" : end.numToolCalls() > 0 ? "tool_calls" : "stop";
    }

    /// Writes the chunks of a streamed chat completion while it is generated.
    static final class ChatChunks implements AnswerReceiver {
        private final ChatResponse response;
        private final EventStream stream;
        private final boolean withUsage;
        private final boolean withCanvas;
        /// Log-probabilities of tokens whose text has not been written, by sample; there is an entry once it has begun.
        private final Map<Integer, List<Object>> pending = new HashMap<>();

        /// @param withCanvas whether the canvas of text diffusion is written
        ChatChunks(ChatResponse response, EventStream stream, boolean withUsage, boolean withCanvas) {
            this.response = response;
            this.stream = stream;
            this.withUsage = withUsage;
            this.withCanvas = withCanvas;
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
        public void canvas(int sample, Canvas canvas) {
            if (withCanvas) {
                write(sample, object("canvas", object("step", canvas.step(), "spans", canvas.spans().stream()
                        .filter(span -> span.state() != Canvas.State.FINAL).map(span -> object("state",
                                span.state() == Canvas.State.SET ? "set" : "noise", "text", span.text())).toList())));
            }
        }

        @Override
        public void toolCall(int sample, int index, String id, String name) {
            write(sample, object("tool_calls", List.of(object("index", index, "id", id, "type", "function", "function",
                    object("name", name, "arguments", "")))));
        }

        @Override
        public void toolArguments(int sample, int index, String piece) {
            write(sample, object("tool_calls", List.of(object("index", index, "function", object("arguments",
                    piece)))));
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
}
