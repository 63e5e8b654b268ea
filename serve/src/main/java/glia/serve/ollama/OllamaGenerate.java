package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.TokenRules;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.HeavyWork;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.template.ChatMessage;
import glia.text.tokenizer.FillInMiddle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `POST /api/generate` (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion).
final class OllamaGenerate implements Endpoint {
    private final ModelPool models;

    OllamaGenerate(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) {
        Fields body = exchange.body();
        try (OllamaModel model = OllamaModel.lease(models, body)) {
            boolean streams = body.flag("stream");
            boolean isRaw = body.flag("raw");
            GenerationOptions options = OllamaOptions.read(body, model.model(), exchange)
                    .withThinking(OllamaFields.ThinkField.read(body, model.model(), exchange));
            Optional<FillInMiddle> between = body.text("suffix").filter(text -> !text.isEmpty())
                    .map(text -> fillInMiddle(model.model()));
            Prompt prompt = between.isPresent() ? between(body, between.get()) : prompt(body, model.model(), isRaw);
            Optional<Grammar> form = OllamaChat.form(body, model.model());
            int alternatives = OllamaChat.alternatives(body);
            body.end();
            OllamaAnswer answer =
                    new OllamaAnswer(exchange, OllamaAnswer.Form.GENERATE, model, streams, alternatives);
            if (prompt == null) {
                answer.sendEmpty(model.isUnloaded());
                return;
            }
            GenerationCall call = new GenerationCall(prompt, options, exchange.terms());
            call = between.isPresent() ? call.withTokenRules(TokenRules.USUAL.withStops(between.get().ends())) : call;
            call = form.isPresent() ? call.withGrammar(form.get()) : call;
            GenerationRun run = new GenerationRun(model.model(), alternatives < 0 ? call
                    : call.withLogProbabilities(alternatives));
            run.run(answer, answer::isOpen);
            if (answer.isComplete()) {
                answer.send(isRaw ? Map.of() : object("context", context(run.prompt().ids(), answer, model.model())));
            }
        }
    }

    private static FillInMiddle fillInMiddle(LanguageModel model) {
        return FillInMiddle.of(model.tokenizer()).orElseThrow(() -> ServeException.badField("suffix",
                FillInMiddle.NONE + "; leave it out, or use another model"));
    }

    private static Prompt between(Fields body, FillInMiddle form) {
        if (!body.text("system").orElse("").isEmpty() || !body.list("context").isEmpty()) {
            throw ServeException.badField("suffix", "found it with system or context; expected prompt alone");
        }
        noImages(body, "suffix");
        String prefix = body.text("prompt").orElse("");
        String suffix = body.text("suffix").orElse("");
        return new Prompt.Tokens(HeavyWork.run(prefix.length() + suffix.length(), () -> form.prompt(prefix, suffix)));
    }

    /// @return null for a request that only loads the model
    private static Prompt prompt(Fields body, LanguageModel model, boolean isRaw) {
        String text = body.text("prompt").orElse("");
        String system = body.text("system").orElse("");
        int[] context = context(body, model);
        if (isRaw && (!system.isEmpty() || context.length > 0)) {
            throw ServeException.badField("raw", "found true with system or context; write them into the prompt");
        }
        if (text.isEmpty()) {
            return null;
        }
        if (isRaw) {
            noImages(body, "raw");
        }
        if (isRaw || model.template().isEmpty() && body.list("images").isEmpty() && system.isEmpty()
                && context.length == 0) {
            return new Prompt.Text(text);
        }
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isEmpty()) {
            messages.add(ChatMessage.system(system));
        }
        messages.add(OllamaMessages.withImages(body, ChatMessage.user(text)));
        Prompt.Conversation conversation = new Prompt.Conversation(messages, List.of(), Map.of(), false);
        return context.length == 0 ? conversation : new Prompt.Continued(context, conversation);
    }

    private static void noImages(Fields body, String with) {
        if (!body.list("images").isEmpty()) {
            throw ServeException.badField("images", "found them with " + with + ", which has no chat template");
        }
    }

    private static int[] context(Fields body, LanguageModel model) {
        List<?> tokens = body.list("context");
        int size = model.tokenizer().vocabSize();
        if (!tokens.stream().allMatch(token -> token instanceof Integer id && id >= 0 && id < size)) {
            throw ServeException.badField("context", "expected numbers of tokens below " + size
                    + ", as an earlier answer had them");
        }
        return tokens.stream().mapToInt(token -> (Integer) token).toArray();
    }

    /// The conversation so far, for the next request: the prompt, the answer without its thinking, and the end of the
    /// turn.
    private static int[] context(int[] prompt, OllamaAnswer answer, LanguageModel model) {
        int[] text = model.tokenizer().encodePlain(answer.text(), false);
        boolean hasEnd = answer.isStopped() && model.tokenizer().eos().isPresent();
        int[] all = Arrays.copyOf(prompt, prompt.length + text.length + (hasEnd ? 1 : 0));
        System.arraycopy(text, 0, all, prompt.length, text.length);
        if (hasEnd) {
            all[all.length - 1] = model.tokenizer().eos().getAsInt();
        }
        return all;
    }
}
