package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.serve.http.Endpoint;
import glia.serve.http.ErrorStyle;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;
import glia.serve.request.ServeException;

/// The routes of Ollama's API.
public final class OllamaRoutes {
    /// The version of Ollama whose API this is: clients look for what they need.
    private static final String VERSION = "0.12.6";

    private OllamaRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        OllamaEmbed embed = new OllamaEmbed(models);
        OllamaModels list = new OllamaModels(models);
        routes.post("/api/chat", ErrorStyle.OLLAMA, new OllamaChat(models))
                .post("/api/generate", ErrorStyle.OLLAMA, new OllamaGenerate(models))
                .post("/api/embed", ErrorStyle.OLLAMA, embed::embed)
                .post("/api/embeddings", ErrorStyle.OLLAMA, embed::embedOne)
                .get("/api/tags", ErrorStyle.OLLAMA, list::tags)
                .get("/api/ps", ErrorStyle.OLLAMA, list::loaded)
                .post("/api/show", ErrorStyle.OLLAMA, list::show)
                .get("/api/version", ErrorStyle.OLLAMA, exchange -> exchange.json(object("version", VERSION)));
        Endpoint refused = _ -> {
            throw new ServeException(501, "not_supported", "", "models are not changed over HTTP; use the commands "
                    + "glia pull and glia remove on the server's machine");
        };
        for (String path : new String[] {"pull", "push", "create", "copy", "blobs/{digest}"}) {
            routes.post("/api/" + path, ErrorStyle.OLLAMA, refused);
        }
        routes.delete("/api/delete", ErrorStyle.OLLAMA, refused);
    }
}
