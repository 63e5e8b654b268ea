package glia.serve.openai;

import glia.serve.anthropic.AnthropicModels;
import glia.serve.http.ErrorStyle;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
                Route.post("/v1/multi-vector", STYLE, "a vector for each token (ColBERT), in the form of Jina",
                        OpenAiFields.MULTI_VECTOR, further::answerTokens),
                Route.post("/pooling", STYLE, "the same, in the form of vLLM", OpenAiFields.MULTI_VECTOR,
                        further::answerPooling),
                Route.post("/embed_sparse", STYLE, "sparse vectors (SPLADE), in the form of Text Embeddings Inference",
                        OpenAiFields.EMBED_SPARSE, further::answerSparse),
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
}
