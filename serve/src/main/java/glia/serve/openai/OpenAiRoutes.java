package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.ModelScope;
import glia.engine.call.GenerationRun;
import glia.engine.call.GenerationRuns;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.score.PromptScorer;
import glia.serve.anthropic.AnthropicModels;
import glia.serve.http.ErrorStyle;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.http.Json;
import glia.serve.http.Route.Endpoint;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.text.template.ChatTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/// The routes of OpenAI's API.
public final class OpenAiRoutes {
    private static final ErrorStyle STYLE = ErrorStyle.OPENAI;

    /// Other paths of llama-server and vLLM for the same.
    private static final Map<String, String> ALSO = new TreeMap<>(Map.of("/chat/completions", "/v1/chat/completions",
            "/completions", "/completion", "/embeddings", "/embedding", "/models", "/v1/models",
            "/responses", "/v1/responses", "/reranking", "/v1/rerank", "/v1/reranking", "/v1/rerank"));

    private OpenAiRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        all(models).forEach(routes::add);
    }

    /// The routes.
    public static List<Route> all(ModelPool models) {
        ModelList list = new ModelList(models);
        AnthropicModels others = new AnthropicModels(models);
        TokenRoutes tokens = new TokenRoutes(models);
        Responses responses = new Responses(models);
        Rerank rerank = new Rerank(models);
        Embeddings embeddings = new Embeddings(models);
        FurtherEmbeddings further = new FurtherEmbeddings(models);
        Transcriptions speech = new Transcriptions(models);
        LlamaCompletions llama = new LlamaCompletions(models);
        LlamaState state = new LlamaState(models);
        List<Route> all = new ArrayList<>(List.of(
                Route.get("/v1/models", STYLE, "the models that are served", exchange -> {
                    if (AnthropicModels.isWanted(exchange)) {
                        others.list(exchange);
                    } else {
                        list.list(exchange);
                    }
                }),
                Route.get("/v1/models/{+model}", STYLE, "one of them", exchange -> {
                    if (AnthropicModels.isWanted(exchange)) {
                        others.one(exchange);
                    } else {
                        list.one(exchange);
                    }
                }),
                Route.post("/v1/chat/completions", STYLE, "chats, with thinking as `reasoning_content`",
                        OpenAiFields.CHAT, new ChatCompletions(models)),
                Route.post("/v1/completions", STYLE, "continues strings or token ids; scores prompts",
                        OpenAiFields.COMPLETIONS, new Completions(models)),
                Route.post("/v1/responses", ErrorStyle.OPENAI_RESPONSES, "stored responses with items and events",
                        OpenAiFields.RESPONSES, responses::create),
                Route.post("/v1/responses/input_tokens", STYLE, "the tokens of a prompt, which may be longer than the "
                        + "context", OpenAiFields.RESPONSES, responses::countInput),
                Route.get("/v1/responses/{id}", STYLE, "a stored response", responses::get),
                Route.delete("/v1/responses/{id}", STYLE, "deletes it", responses::delete),
                Route.get("/v1/responses/{id}/input_items", STYLE, "the items of its request", responses::inputItems),
                Route.post("/v1/responses/{id}/cancel", STYLE, "cancels it while it is generated in the background",
                        FieldTable.NONE, responses::cancel),
                Route.post("/v1/embeddings", STYLE, "vectors of strings or token ids", OpenAiFields.EMBEDDINGS,
                        embeddings),
                Route.post("/v1/audio/transcriptions", STYLE, "writes speech down; a form, see [speech](speech.md)",
                        Transcriptions.TRANSCRIPTIONS, speech::transcribe),
                Route.post("/v1/audio/translations", STYLE, "the same in English", Transcriptions.TRANSLATIONS,
                        speech::translate),
                Route.post("/v1/audio/speech", STYLE, "speaks a text: WAV or PCM, see "
                        + "[speech](speech.md#text-to-speech)", Speech.SPEECH, new Speech(models)),
                Route.post("/v1/multi-vector", STYLE, "a vector for each token (ColBERT), in the form of Jina",
                        OpenAiFields.MULTI_VECTOR, further::answerTokens),
                Route.post("/pooling", STYLE, "the same, in the form of vLLM", OpenAiFields.MULTI_VECTOR,
                        further::answerPooling),
                Route.post("/embed_sparse", STYLE, "sparse vectors (SPLADE), in the form of Text Embeddings Inference",
                        OpenAiFields.EMBED_SPARSE, further::answerSparse),
                Route.post("/v1/images/generations", STYLE, "pictures of a text, of models that generate them",
                        OpenAiFields.IMAGES, new ImageGenerations(models)),
                Route.post("/v1/rerank", STYLE, "relevance of documents, in the form of Jina", OpenAiFields.RERANK,
                        rerank),
                Route.post("/v2/rerank", STYLE, "the same, in the form of Cohere", OpenAiFields.RERANK, rerank),
                Route.post("/rerank", STYLE, "the same", OpenAiFields.RERANK, rerank),
                Route.post("/tokenize", STYLE, "tokens of a text or a chat, in the forms of vLLM and llama-server",
                        OpenAiFields.TOKENIZE, tokens::tokenize),
                Route.post("/detokenize", STYLE, "the text of tokens", OpenAiFields.DETOKENIZE, tokens::detokenize),
                Route.post("/apply-template", STYLE, "the text of a chat, as the model reads it",
                        OpenAiFields.APPLY_TEMPLATE, tokens::applyTemplate),
                Route.get("/tokenizer_info", STYLE,
                        "special tokens and chat template of the first model, or of `?model=`", tokens::info),
                Route.post("/completion", STYLE, "continues strings or token ids, in the form of llama-server",
                        OpenAiFields.COMPLETION, llama::complete),
                Route.post("/infill", STYLE, "the text between a prefix and a suffix, of models with tokens for it",
                        OpenAiFields.INFILL, llama::infill),
                Route.post("/embedding", STYLE, "vectors of `content`, in the form of llama-server",
                        OpenAiFields.EMBEDDING, embeddings::answerContent),
                Route.get("/props", STYLE, "the first model, or `?model=`, in the form of llama-server", state::props),
                Route.get("/slots", STYLE, "how many sequences run, in the form of llama-server", state::slots)));
        ALSO.forEach((path, known) -> all.addAll(all.stream().filter(route -> route.path().equals(known))
                .map(route -> route.at(path)).toList()));
        return List.copyOf(all);
    }

    /// `GET /v1/models` and `GET /v1/models/{model}` (https://platform.openai.com/docs/api-reference/models).
    public static final class ModelList {
        private final ModelPool models;

        public ModelList(ModelPool models) {
            this.models = models;
        }

        /// All models, also those that are not loaded.
        public void list(Exchange exchange) {
            exchange.json(object("object", "list", "data", models.entries().stream().map(this::entry).toList()));
        }

        /// One model.
        public void one(Exchange exchange) {
            exchange.json(entry(models.entry(exchange.pathPart("model"))));
        }

        private Map<String, Object> entry(ModelPool.Entry entry) {
            Optional<ServedModel> served = entry.served();
            List<String> outputs = !models.speaks(entry.name()) ? List.of("text") : models.generates(entry.name())
                    ? List.of("text", "audio") : List.of("audio");
            return object("id", entry.name(), "object", "model", "created",
                    served.map(model -> model.since().getEpochSecond()).orElse(0L), "owned_by", "glia", "max_model_len",
                    served.<Object>map(model -> model.model().contextLength()).orElse(Json.ABSENT),
                    "input_modalities", served.map(model -> model.model().pictures().modalities())
                            .orElse(List.of("text")), "output_modalities", outputs, "description",
                    served.flatMap(model -> model.model().scope())
                            .<Object>map(ModelScope::summary).orElse(Json.ABSENT));
        }
    }

    /// `GET /props` and `GET /slots` of llama-server. This server has no slots: a sequence that runs is one.
    static final class LlamaState {
        private static final int SLOTS = SchedulerOptions.defaults().maxSequences();

        private final ModelPool models;

        LlamaState(ModelPool models) {
            this.models = models;
        }

        /// The first model, or the query's `model`.
        void props(Exchange exchange) {
            try (ModelPool.Lease lease = models.lease(exchange.query("model").orElse(""))) {
                LanguageModel model = lease.served().model();
                exchange.json(object("default_generation_settings", object("id", 0, "n_ctx", model.contextLength(),
                                "is_processing", false, "params", LlamaCompletions.settings(model, model.options())),
                        "total_slots", SLOTS, "model_alias", lease.served().name(), "model_path", lease.served().name(),
                        "chat_template", model.template().map(ChatTemplate::source).orElse(""),
                        "bos_token", TokenRoutes.piece(model.tokenizer(), model.tokenizer().bos()),
                        "eos_token", TokenRoutes.piece(model.tokenizer(), model.tokenizer().eos()),
                        "modalities", object("vision", model.pictures().areRead(), "audio",
                                model.pictures().areHeard()),
                        "build_info", "glia"));
            }
        }

        /// The sequences of the first model, or of the query's `model`.
        void slots(Exchange exchange) {
            try (ModelPool.Lease lease = models.lease(exchange.query("model").orElse(""))) {
                LanguageModel model = lease.served().model();
                int running = model.scheduler().load().numRunning();
                List<Object> slots = IntStream.range(0, Math.max(SLOTS, running)).<Object>mapToObj(i -> object("id", i,
                        "n_ctx", model.contextLength(), "speculative", false, "is_processing", i < running)).toList();
                exchange.json(slots);
            }
        }
    }

    /// `POST /v1/completions` (https://platform.openai.com/docs/api-reference/completions). With `echo` and `logprobs`
    /// the prompt has log-probabilities, too, as lm-evaluation-harness reads them.
    public static final class Completions implements Endpoint {
        private final ModelPool models;

        public Completions(ModelPool models) {
            this.models = models;
        }

        @Override
        public void answer(Exchange exchange) {
            Fields body = exchange.body();
            try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
                LanguageModel model = lease.served().model();
                CompletionRequest request = CompletionRequest.read(body, exchange, model);
                body.end();
                List<GenerationRun> runs = request.calls().stream().map(call -> new GenerationRun(model, call))
                        .toList();
                CompletionResponse response = new CompletionResponse(exchange.id(), lease.served().name(), request);
                List<PromptScorer.Score> scores = request.scoresPrompts() ? new PromptScorer(model)
                        .score(request.prompts().ids(), request.alternatives(), exchange.caller().name(),
                                exchange::goesOn) : List.of();
                if (!exchange.isConnected()) {
                    return;
                }
                if (request.streams()) {
                    stream(exchange, request, runs, response, scores);
                } else {
                    run(request, runs, response, scores, exchange::isConnected);
                    if (response.isComplete()) {
                        exchange.json(response.whole());
                    }
                }
            }
        }

        private static void run(CompletionRequest request, List<GenerationRun> runs, CompletionResponse response,
                List<PromptScorer.Score> scores, BooleanSupplier isWanted) {
            for (int i = 0; i < request.prompts().ids().size(); i++) {
                response.begin(i, scores.isEmpty() ? null : scores.get(i));
            }
            if (runs.isEmpty()) {
                response.endPrompts();
            } else {
                GenerationRuns.run(runs, response::receiver, isWanted);
            }
        }

        private static void stream(Exchange exchange, CompletionRequest request, List<GenerationRun> runs,
                CompletionResponse response, List<PromptScorer.Score> scores) {
            EventStream stream = exchange.stream(EventStream.Form.SSE);
            response.to(stream);
            run(request, runs, response, scores, stream::isOpen);
            if (response.isComplete()) {
                if (request.withUsage()) {
                    stream.event(response.usageChunk());
                }
                stream.raw("[DONE]");
                stream.close();
            }
        }
    }
}
