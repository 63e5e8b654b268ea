package glia.serve.openai;

import static glia.serve.http.Json.ABSENT;
import static glia.serve.http.Json.object;

import glia.io.CheckpointException;
import glia.serve.embedding.Reranker;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// `POST /v1/rerank`, in the form of Jina (https://jina.ai/reranker) and Cohere
/// (https://docs.cohere.com/reference/rerank).
public final class Rerank implements Endpoint {
    private static final int MOST_DOCUMENTS = 1000;

    private final ModelPool models;

    public Rerank(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) throws CheckpointException {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            String query = body.requiredText("query");
            List<String> documents = documents(body);
            int most = body.integer("top_n").orElse(documents.size());
            boolean returnsDocuments = body.flag("return_documents");
            body.end();
            Reranker.Relevance relevance =
                    new Reranker(lease.served().model(), exchange.caller().name())
                            .relevance(query, documents, exchange::goesOn);
            if (!exchange.isConnected()) {
                return;
            }
            List<Object> results = new ArrayList<>();
            IntStream.range(0, documents.size()).boxed()
                    .sorted(Comparator.comparingDouble((Integer i) -> relevance.scores()[i]).reversed())
                    .limit(most).forEach(i -> results.add(object("index", i, "relevance_score",
                            relevance.scores()[i], "document",
                            returnsDocuments ? object("text", documents.get(i)) : ABSENT)));
            exchange.json(object("id", "rerank-" + exchange.id().substring(4), "object", "list",
                    "model", lease.served().name(), "results", results,
                    "usage", object("prompt_tokens", relevance.tokens(), "total_tokens", relevance.tokens()),
                    "meta", object("api_version", object("version", "2"))));
        }
    }

    private static List<String> documents(Fields body) {
        List<?> list = body.list("documents");
        if (list.isEmpty() || list.size() > MOST_DOCUMENTS) {
            throw ServeException.badField("documents", "found " + list.size() + ", expected 1 to " + MOST_DOCUMENTS);
        }
        List<String> documents = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            String name = "documents[" + i + "]";
            switch (list.get(i)) {
                case String text -> documents.add(text);
                case Map<?, ?> map -> {
                    Fields document = Fields.of(name, map);
                    documents.add(document.requiredText("text"));
                    document.end();
                }
                case null, default -> throw Fields.wrong(name, list.get(i), "a string, or an object with text");
            }
        }
        return documents;
    }
}
