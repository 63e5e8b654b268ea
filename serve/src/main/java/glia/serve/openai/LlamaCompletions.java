package glia.serve.openai;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.answer.AnswerEnd;
import glia.engine.answer.AnswerReceiver;
import glia.engine.answer.GeneratedToken;
import glia.engine.answer.TokenRules;
import glia.engine.call.GenerationCall;
import glia.engine.call.GenerationRun;
import glia.engine.call.GenerationRuns;
import glia.engine.call.Prompt;
import glia.engine.grammar.Grammar;
import glia.engine.sampling.SamplingOptions;
import glia.serve.chat.TokenTexts;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.tokenizer.FillInMiddle.ContextFile;
import glia.text.tokenizer.FillInMiddle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// `POST /completion` and `/infill` in the form of llama-server
/// (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).
final class LlamaCompletions {
    private static final int MOST_PROMPTS = 256;

    private final ModelPool models;

    LlamaCompletions(ModelPool models) {
        this.models = models;
    }

    /// `POST /completion`: continues prompts.
    void complete(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            answer(exchange, body, lease, Set.of(), () -> CompletionPrompts.read(body, "prompt",
                    lease.served().model(), MOST_PROMPTS, true));
        }
    }

    /// `POST /infill`: the text between a prefix and a suffix, of models with tokens for it.
    void infill(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            Optional<FillInMiddle> form = FillInMiddle.of(lease.served().model().tokenizer());
            List<ContextFile> files = new ArrayList<>();
            for (Fields extra : body.objects("input_extra")) {
                files.add(new ContextFile(extra.text("filename").orElse("file"), extra.text("text").orElse("")));
            }
            String prefix = body.text("input_prefix").orElse("") + body.text("prompt").orElse("");
            String suffix = body.text("input_suffix").orElse("");
            answer(exchange, body, lease, form.map(FillInMiddle::ends).orElse(Set.of()), () ->
                    CompletionPrompts.between(form.orElseThrow(() -> new ServeException(501, "not_supported_error", "",
                            FillInMiddle.NONE + "; use another model, or /completion")), prefix, suffix, files));
        }
    }

    /// @param stops tokens that end an answer besides the model's own
    /// @param read gives the prompts when the other fields are known to be right
    private static void answer(Exchange exchange, Fields body, ModelPool.Lease lease, Set<Integer> stops,
            Supplier<CompletionPrompts> read) {
        LanguageModel model = lease.served().model();
        boolean streams = body.flag("stream");
        boolean returnsTokens = body.flag("return_tokens");
        int alternatives = body.integer("n_probs").orElse(0);
        int most = body.integer("n_predict").orElse(-1);
        GenerationOptions options = Sampling.read(body, model)
                .withMaxTokens(Sampling.mostTokens(body).orElse(0));
        Optional<Grammar> grammar = StructuredFields.read(body, model);
        TokenRules rules = Sampling.tokenRules(body, model).withStops(stops);
        CompletionPrompts prompts = read.get();
        List<GenerationRun> runs = new ArrayList<>();
        List<Result> results = new ArrayList<>();
        for (int[] ids : prompts.ids()) {
            GenerationCall call = new GenerationCall(new Prompt.Tokens(ids), options, exchange.terms())
                    .withLogProbabilities(alternatives).withTokenRules(rules);
            runs.add(new GenerationRun(model, grammar.isPresent() ? call.withGrammar(grammar.get()) : call));
            results.add(new Result(results.size(), lease.served().name(), prompts.texts().get(results.size()), model,
                    options, returnsTokens, alternatives > 0, most == 0));
        }
        body.end();
        if (streams) {
            EventStream stream = exchange.stream(EventStream.Form.SSE);
            results.forEach(result -> result.stream = stream);
            GenerationRuns.run(runs, results::get, stream::isOpen);
            if (results.stream().allMatch(result -> result.end != null)) {
                stream.close();
            }
            return;
        }
        GenerationRuns.run(runs, results::get, exchange::isConnected);
        if (results.stream().allMatch(result -> result.end != null)) {
            List<Map<String, Object>> all = results.stream().map(Result::whole).toList();
            exchange.json(all.size() == 1 ? all.getFirst() : all);
        }
    }

    /// The options in the names of llama-server.
    static Map<String, Object> settings(LanguageModel model, GenerationOptions options) {
        SamplingOptions s = options.sampling();
        return object("n_ctx", model.contextLength(), "n_predict", options.maxTokens() == 0 ? -1 : options.maxTokens(),
                "temperature", s.temperature(), "top_k", s.topK(), "top_p", s.topP(), "min_p", s.minP(),
                "repeat_penalty", s.repetitionPenalty(), "repeat_last_n", s.penaltyWindow(), "presence_penalty",
                s.presencePenalty(), "frequency_penalty", s.frequencyPenalty(), "stop", options.stops());
    }

    /// The completion of one prompt.
    private static final class Result implements AnswerReceiver {
        private final int index;
        private final String model;
        private final String prompt;
        private final Map<String, Object> settings;
        private final TokenTexts texts;
        private final boolean returnsTokens;
        private final boolean hasProbabilities;
        /// Whether the prompt alone was to be read.
        private final boolean isEmpty;
        private final StringBuilder text = new StringBuilder();
        private List<Object> tokens = new ArrayList<>();
        private List<Object> probabilities = new ArrayList<>();
        private int numTokens;
        /// Null for a response that is not streamed.
        private EventStream stream;
        private AnswerEnd end;

        Result(int index, String name, String prompt, LanguageModel model, GenerationOptions options,
                boolean returnsTokens, boolean hasProbabilities, boolean isEmpty) {
            this.index = index;
            this.model = name;
            this.prompt = prompt;
            this.settings = settings(model, options);
            this.texts = new TokenTexts(model.tokenizer());
            this.returnsTokens = returnsTokens;
            this.hasProbabilities = hasProbabilities;
            this.isEmpty = isEmpty;
        }

        @Override
        public void token(int sample, GeneratedToken token) {
            numTokens++;
            tokens.add(token.id());
            Map<String, Object> entry = object("id", token.id());
            entry.putAll(texts.logProbability(token));
            probabilities.add(entry);
        }

        @Override
        public void text(int sample, String piece) {
            text.append(isEmpty ? "" : piece);
            if (stream != null && !isEmpty) {
                stream.event(piece(piece, false));
                tokens = new ArrayList<>();
                probabilities = new ArrayList<>();
            }
        }

        @Override
        public void ended(int sample, AnswerEnd last) {
            end = last;
            if (stream != null) {
                stream.event(last(""));
            }
        }

        private Map<String, Object> piece(String content, boolean isLast) {
            return object("index", index, "content", content, "tokens", returnsTokens || stream != null ? tokens
                    : List.of(), "stop", isLast, "id_slot", 0, "tokens_predicted", isEmpty ? 0 : numTokens,
                    "completion_probabilities", hasProbabilities ? probabilities : ABSENT);
        }

        Map<String, Object> whole() {
            return last(text.toString());
        }

        private Map<String, Object> last(String content) {
            Map<String, Object> last = piece(content, true);
            last.putAll(object("model", model, "tokens_evaluated", end.promptTokens(), "tokens_cached",
                    end.reusedTokens(), "generation_settings", settings, "prompt", prompt, "has_new_line",
                    text.indexOf("\n") >= 0, "truncated", false, "stop_type", end.isCut() ? "limit"
                            : end.stop().isPresent() ? "word" : "eos", "stopping_word", end.stop().orElse(""),
                    "timings", CompletionResponse.Usage.timings(end)));
            return last;
        }
    }
}
