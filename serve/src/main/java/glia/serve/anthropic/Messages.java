package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.ToolChoice;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.JsonForms;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.serve.chat.ModelFields;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `POST /v1/messages` (https://platform.claude.com/docs/en/api/messages) and `/v1/messages/count_tokens`.
final class Messages {
    private final ModelPool models;
    private final MessageThreads threads = new MessageThreads();

    Messages(ModelPool models) {
        this.models = models;
    }

    /// Answers a conversation.
    void create(Exchange exchange) {
        String caller = exchange.caller().name();
        Fields body = threads.whole(begin(exchange), caller);
        try (ModelPool.Lease lease = models.lease(body.requiredText("model"))) {
            LanguageModel model = lease.served().model();
            boolean streams = body.flag("stream");
            MessagesRequest request = MessagesRequest.read(body, model);
            body.end();
            GenerationCall call = new GenerationCall(request.prompt(), request.options(), exchange.terms())
                    .withToolChoice(request.toolChoice());
            call = request.form().isPresent() ? call.withGrammar(request.form().get()) : call;
            GenerationRun run = new GenerationRun(model, call);
            AnswerMessage message = new AnswerMessage(exchange.id(), lease.served().name());
            if (streams) {
                MessageStream stream = new MessageStream(exchange, message.start(run.prompt().ids().length));
                // The thread is kept before the client reads the end, after which it may continue.
                run.run(new AnswerBlocks(message.then(stream, () -> threads.keep(body, caller, message.whole())),
                        request.omitsThinking()), stream::isOpen);
            } else {
                run.run(new AnswerBlocks(message, request.omitsThinking()), exchange::isConnected);
                if (message.isComplete()) {
                    threads.keep(body, caller, message.whole());
                    exchange.json(message.whole());
                }
            }
        }
    }

    /// Counts the tokens of a prompt, which may be longer than the context.
    void countTokens(Exchange exchange) {
        Fields body = begin(exchange);
        try (ModelPool.Lease lease = models.lease(body.requiredText("model"))) {
            LanguageModel model = lease.served().model();
            MessagesRequest request = MessagesRequest.prompt(body, model, 0);
            body.end();
            exchange.json(object("input_tokens", RenderedPrompt.count(model, request.prompt(),
                    request.options().thinking())));
        }
    }

    private static Fields begin(Exchange exchange) {
        // The header's name in Anthropic's API, which its clients show in errors.
        exchange.setHeader("request-id", exchange.id());
        return exchange.body();
    }

    /// Streams an answer as server-sent events: `message_start`, for each block `content_block_start`,
    /// `content_block_delta` and `content_block_stop`, then `message_delta` and `message_stop`. Between them `ping`,
    /// also while a request waits, so that proxies see a live connection.
    static final class MessageStream implements AnswerBlocks.Sink {
        private static final long PING_NANOS = 10_000_000_000L;

        private final Exchange exchange;
        private final Map<String, Object> message;
        private EventStream stream;
        private long last;

        /// @param message that of `message_start`
        MessageStream(Exchange exchange, Map<String, Object> message) {
            this.exchange = exchange;
            this.message = message;
        }

        /// Whether the client is still there. Called before each event, and also when none comes. The stream begins at
        /// the first call, when the request has been queued: until then errors have a status.
        boolean isOpen() {
            if (stream == null) {
                stream = exchange.stream(EventStream.Form.SSE);
                write(object("type", "message_start", "message", message));
                write(object("type", "ping"));
            } else if (System.nanoTime() - last > PING_NANOS) {
                write(object("type", "ping"));
            }
            return stream.isOpen();
        }

        @Override
        public void start(int index, Map<String, Object> block) {
            write(object("type", "content_block_start", "index", index, "content_block", block));
        }

        @Override
        public void delta(int index, Map<String, Object> delta) {
            write(object("type", "content_block_delta", "index", index, "delta", delta));
        }

        @Override
        public void stop(int index) {
            write(object("type", "content_block_stop", "index", index));
        }

        @Override
        public void ended(AnswerEnd end) {
            write(object("type", "message_delta", "delta", object("stop_reason", AnswerMessage.StopReason.of(end),
                    "stop_sequence", end.stop().orElse(null)), "usage", AnswerMessage.usage(end)));
            write(object("type", "message_stop"));
            stream.close();
        }

        private void write(Map<String, Object> event) {
            stream.event((String) event.get("type"), event);
            last = System.nanoTime();
        }
    }

    /// What a body of `/v1/messages` or `/v1/messages/count_tokens` says.
    ///
    /// @param options sampling, the most tokens, stop strings and thinking
    /// @param form the form of the answer; empty if it is free
    /// @param toolChoice how the tools of the prompt may be used
    /// @param omitsThinking whether thinking blocks have no text
    record MessagesRequest(Prompt.Conversation prompt, GenerationOptions options, Optional<Grammar> form,
            ToolChoice toolChoice, boolean omitsThinking) {
        /// Reads all fields but `model` and `stream`.
        static MessagesRequest read(Fields body, LanguageModel model) {
            int maxTokens = body.integer("max_tokens")
                    .orElseThrow(() -> ServeException.badField("max_tokens", "missing; expected a number of tokens"));
            MessagesRequest request = prompt(body, model, maxTokens);
            SamplingOptions sampling = sampling(body, model.options().sampling());
            List<String> stops = body.texts("stop_sequences");
            if (stops.stream().anyMatch(String::isBlank)) {
                throw Fields.wrong("stop_sequences", stops, "strings that are not blank");
            }
            return new MessagesRequest(request.prompt,
                    ModelFields.read(body, request.options.withSampling(sampling).withStops(stops)), request.form,
                    request.toolChoice, request.omitsThinking);
        }

        /// Reads the fields that the prompt depends on.
        ///
        /// @param maxTokens 0 if they are not limited
        static MessagesRequest prompt(Fields body, LanguageModel model, int maxTokens) {
            List<ChatMessage> messages = Conversations.read(body);
            Optional<Fields> output = body.object("output_config");
            Optional<String> effort = output.flatMap(ThinkingConfig::effort);
            Optional<Grammar> form = output.flatMap(config -> config.object("format"))
                    .or(() -> body.object("output_format")).map(format -> form(format, model));
            output.ifPresent(Fields::end);
            ThinkingConfig thinking = ThinkingConfig.read(body, effort, model.thinking().format().isPresent(),
                    maxTokens);
            ToolFields tools = ToolFields.read(body);
            Prompt.Conversation prompt = new Prompt.Conversation(messages, tools.tools(), Map.of(),
                    Conversations.continues(messages));
            return new MessagesRequest(prompt, model.options().withMaxTokens(maxTokens)
                    .withThinking(thinking.options()), form, tools.choice(), thinking.isOmitted());
        }

        private static Grammar form(Fields format, LanguageModel model) {
            Grammar form = JsonForms.of(model, format.name("schema"), format.value("schema"));
            format.end();
            return form;
        }

        private static SamplingOptions sampling(Fields body, SamplingOptions otherwise) {
            SamplingOptions s = otherwise;
            Optional<Double> temperature = body.number("temperature");
            if (temperature.isPresent()) {
                s = s.withTemperature(temperature.get().floatValue());
            }
            Optional<Double> topP = body.number("top_p");
            if (topP.isPresent()) {
                // 0 keeps the most probable token alone.
                s = s.withTopP(Math.max(Float.MIN_NORMAL, topP.get().floatValue()));
            }
            return s.withTopK(body.integer("top_k").orElse(s.topK()));
        }
    }
}
