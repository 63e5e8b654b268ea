package glia.serve.openai;

import glia.serve.http.ErrorStyle;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;

/// The routes of OpenAI's API.
public final class OpenAiRoutes {
    private OpenAiRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        ModelList list = new ModelList(models);
        TokenRoutes tokens = new TokenRoutes(models);
        Responses responses = new Responses(models);
        Rerank rerank = new Rerank(models);
        routes.get("/v1/models", ErrorStyle.OPENAI, list::list)
                .get("/v1/models/{+model}", ErrorStyle.OPENAI, list::one)
                .post("/v1/chat/completions", ErrorStyle.OPENAI, new ChatCompletions(models))
                .post("/v1/completions", ErrorStyle.OPENAI, new Completions(models))
                .post("/v1/responses", ErrorStyle.OPENAI_RESPONSES, responses::create)
                .get("/v1/responses/{id}", ErrorStyle.OPENAI, responses::get)
                .delete("/v1/responses/{id}", ErrorStyle.OPENAI, responses::delete)
                .get("/v1/responses/{id}/input_items", ErrorStyle.OPENAI, responses::inputItems)
                .post("/v1/responses/{id}/cancel", ErrorStyle.OPENAI, responses::cancel)
                .post("/v1/embeddings", ErrorStyle.OPENAI, new Embeddings(models))
                .post("/v1/rerank", ErrorStyle.OPENAI, rerank)
                .post("/v2/rerank", ErrorStyle.OPENAI, rerank)
                .post("/rerank", ErrorStyle.OPENAI, rerank)
                .post("/tokenize", ErrorStyle.OPENAI, tokens::tokenize)
                .post("/detokenize", ErrorStyle.OPENAI, tokens::detokenize)
                .post("/apply-template", ErrorStyle.OPENAI, tokens::applyTemplate);
    }
}
