package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.RenderedPrompt;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;

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
}
