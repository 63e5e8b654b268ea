package glia.serve.ollama;

import static glia.serve.http.Json.object;

import glia.engine.embedding.Embedder;
import glia.io.CheckpointException;
import glia.serve.http.ErrorStyle;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.http.Route;
import glia.serve.http.Routes;
import glia.serve.pool.ModelPool;
import glia.serve.request.FieldTable;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// The routes of Ollama's API.
public final class OllamaRoutes {
    /// The version of Ollama whose API this is: clients look for what they need.
    private static final String VERSION = "0.12.11";

    private static final ErrorStyle STYLE = ErrorStyle.OLLAMA;

    private OllamaRoutes() { }

    /// Adds the routes.
    public static void add(Routes routes, ModelPool models) {
        all(models).forEach(routes::add);
    }

    /// The routes.
    public static List<Route> all(ModelPool models) {
        OllamaEmbed embed = new OllamaEmbed(models);
        OllamaModels list = new OllamaModels(models);
        List<Route> all = new ArrayList<>(List.of(
                Route.post("/api/chat", STYLE, "chats: a line of JSON for each piece unless `stream` is false",
                        OllamaFields.CHAT, new OllamaChat(models)),
                Route.post("/api/generate", STYLE, "answers a prompt, in the same form", OllamaFields.GENERATE,
                        new OllamaGenerate(models)),
                Route.post("/api/embed", STYLE, "embeddings of texts", OllamaFields.EMBED, embed::embed),
                Route.post("/api/embeddings", STYLE, "the embedding of one text", OllamaFields.EMBEDDINGS,
                        embed::embedOne),
                Route.get("/api/tags", STYLE, "all models; a `digest` is a hash of name and size, not of the files",
                        list::tags),
                Route.get("/api/ps", STYLE, "the models that are loaded", list::loaded),
                Route.post("/api/show", STYLE, "one model, with its template and sizes", OllamaFields.SHOW, list::show),
                Route.get("/api/version", STYLE, "the version of Ollama whose API this is",
                        exchange -> exchange.json(object("version", VERSION)))));
        Endpoint refused = _ -> {
            throw new ServeException(501, "not_supported", "", "models are not changed over HTTP; use the commands "
                    + "glia pull and glia rm on the server's machine");
        };
        String about = "501: models are changed by `glia pull` and `glia rm` alone";
        for (String path : new String[] {"pull", "push", "create", "copy", "blobs/{digest}"}) {
            all.add(Route.post("/api/" + path, STYLE, about, FieldTable.NONE, refused));
        }
        all.add(Route.delete("/api/delete", STYLE, about, refused));
        return List.copyOf(all);
    }

    /// `POST /api/embed` and the older `POST /api/embeddings`
    /// (https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings).
    static final class OllamaEmbed {
        private final ModelPool models;

        OllamaEmbed(ModelPool models) {
            this.models = models;
        }

        /// Embeds texts.
        void embed(Exchange exchange) throws CheckpointException {
            Fields body = exchange.body();
            try (OllamaModel model = OllamaModel.lease(models, body)) {
                List<String> texts = body.texts("input");
                if (!body.has("input")) {
                    throw ServeException.badField("input", "missing; expected a string or strings");
                }
                boolean truncates = body.flag("truncate");
                Embedder embedder = Embedder.of(model.model());
                OptionalInt dimensions = body.integer("dimensions", 1, embedder.size());
                OllamaOptions.read(body, model.model(), exchange);
                body.end();
                List<Embedder.Input> inputs = texts.stream().map(embedder::encode).toList();
                for (int i = 0; i < inputs.size() && !truncates; i++) {
                    if (inputs.get(i).isTruncated()) {
                        throw ServeException.badField("input", "text " + i + " has more than the "
                                + embedder.maxTokens()
                                + " tokens that the model reads; shorten it, or leave out truncate");
                    }
                }
                float[][] vectors = embedder.embed(inputs, exchange.caller().name(), exchange::goesOn);
                if (exchange.isConnected()) {
                    for (int i = 0; i < vectors.length && dimensions.isPresent(); i++) {
                        vectors[i] = Embedder.shortened(vectors[i], dimensions.getAsInt());
                    }
                    var answer = object("model", model.name(), "embeddings", vectors);
                    answer.putAll(model.times().end(inputs.stream().mapToInt(input -> input.ids().length).sum()));
                    exchange.json(answer);
                }
            }
        }

        /// Embeds one text.
        void embedOne(Exchange exchange) throws CheckpointException {
            Fields body = exchange.body();
            try (OllamaModel model = OllamaModel.lease(models, body)) {
                String text = body.requiredText("prompt");
                OllamaOptions.read(body, model.model(), exchange);
                body.end();
                Embedder embedder = Embedder.of(model.model());
                float[][] vectors = embedder.embed(List.of(embedder.encode(text)), exchange.caller().name(),
                        exchange::goesOn);
                if (exchange.isConnected()) {
                    exchange.json(object("embedding", vectors[0]));
                }
            }
        }
    }
}
