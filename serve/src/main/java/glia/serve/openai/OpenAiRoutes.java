package glia.serve.openai;

import glia.serve.anthropic.AnthropicModels;
import glia.serve.http.ErrorStyle;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import java.util.List;

/// The routes of OpenAI's API.
public final class OpenAiRoutes {
    private static final ErrorStyle STYLE = ErrorStyle.OPENAI;

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
        return List.of(Route.get("/v1/models", STYLE, "the models that are served", exchange -> {
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
                        new Embeddings(models)),
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
                        "special tokens and chat template of the first model, or of `?model=`", tokens::info));
    }
}
