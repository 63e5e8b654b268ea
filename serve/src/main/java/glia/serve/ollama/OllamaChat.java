package glia.serve.ollama;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.JsonForms;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `POST /api/chat` (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion).
final class OllamaChat implements Endpoint {
    private final ModelPool models;

    OllamaChat(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) {
        Fields body = exchange.body();
        try (OllamaModel model = OllamaModel.lease(models, body)) {
            boolean streams = body.flag("stream");
            GenerationOptions options = OllamaOptions.read(body, model.model(), exchange)
                    .withThinking(OllamaFields.ThinkField.read(body, model.model(), exchange));
            List<ChatMessage> messages = OllamaMessages.read(body);
            List<Map<String, Object>> tools = OllamaMessages.tools(body);
            Optional<Grammar> form = form(body, model.model());
            int alternatives = alternatives(body);
            body.end();
            OllamaAnswer answer = new OllamaAnswer(exchange, OllamaAnswer.Form.CHAT, model, streams, alternatives);
            if (messages.isEmpty()) {
                answer.sendEmpty(model.isUnloaded());
                return;
            }
            boolean continues = messages.getLast().role().equals("assistant")
                    && messages.getLast().toolCalls().isEmpty();
            GenerationCall call = new GenerationCall(new Prompt.Conversation(messages, tools, Map.of(), continues),
                    options, exchange.terms());
            call = form.isPresent() ? call.withGrammar(form.get()) : call;
            GenerationRun run = new GenerationRun(model.model(), alternatives < 0 ? call
                    : call.withLogProbabilities(alternatives));
            run.run(answer, answer::isOpen);
            if (answer.isComplete()) {
                answer.send(Map.of());
            }
        }
    }

    /// The most probable tokens to list with each token; -1 for no log-probabilities.
    static int alternatives(Fields body) {
        boolean isWanted = body.flag("logprobs");
        int alternatives = body.integer("top_logprobs").orElse(0);
        if (alternatives > 0 && !isWanted) {
            throw ServeException.badField("top_logprobs", "found " + alternatives + " without logprobs; set logprobs "
                    + "to true");
        }
        return isWanted ? alternatives : -1;
    }

    /// The field `format`: `json`, or a JSON schema.
    static Optional<Grammar> form(Fields body, LanguageModel model) {
        Object format = body.value("format");
        return format == null || format.equals("") ? Optional.empty() : Optional.of(format.equals("json")
                ? JsonForms.any(model) : JsonForms.of(model, "format", format));
    }
}
