package glia.serve.anthropic;

import static glia.serve.http.Json.object;

import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// `GET /v1/models` and `GET /v1/models/{model}` in Anthropic's form
/// (https://platform.claude.com/docs/en/api/models-list), for requests with the header `anthropic-version`.
public final class AnthropicModels {
    private static final int USUAL = 20;
    private static final int MOST = 1000;

    private final ModelPool models;

    public AnthropicModels(ModelPool models) {
        this.models = models;
    }

    /// Whether a request is of a client of Anthropic's API.
    public static boolean isWanted(Exchange exchange) {
        return exchange.header("anthropic-version").isPresent();
    }

    /// A page of the models, also those that are not loaded: `limit` of them after `after_id` or before `before_id`.
    public void list(Exchange exchange) {
        List<Map<String, Object>> all = new ArrayList<>();
        models.entries().forEach(entry -> all.add(entry(entry)));
        int from = exchange.query("after_id").map(id -> index(all, "after_id", id) + 1).orElse(0);
        Optional<Integer> end = exchange.query("before_id").map(id -> index(all, "before_id", id));
        int limit = limit(exchange);
        int to = end.orElse(Math.min(all.size(), from + limit));
        from = end.isPresent() ? Math.max(0, to - limit) : from;
        List<Map<String, Object>> page = all.subList(Math.min(from, to), to);
        boolean hasMore = end.isPresent() ? from > 0 : to < all.size();
        exchange.json(object("data", page, "first_id", page.isEmpty() ? null : page.getFirst().get("id"),
                "has_more", hasMore, "last_id", page.isEmpty() ? null : page.getLast().get("id")));
    }

    /// One model.
    public void one(Exchange exchange) {
        exchange.json(entry(models.entry(exchange.pathPart("model"))));
    }

    private static int limit(Exchange exchange) {
        String given = exchange.query("limit").orElse(Integer.toString(USUAL));
        if (!given.matches("[0-9]{1,4}") || Integer.parseInt(given) < 1 || Integer.parseInt(given) > MOST) {
            throw Fields.wrong("limit", given, "a number from 1 to " + MOST);
        }
        return Integer.parseInt(given);
    }

    private static int index(List<Map<String, Object>> all, String field, String id) {
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).get("id").equals(id)) {
                return i;
            }
        }
        throw Fields.wrong(field, id, "the id of a model");
    }

    private static Map<String, Object> entry(ModelPool.Entry entry) {
        Instant since = entry.served().map(served -> served.since()).orElse(Instant.EPOCH);
        Object context = entry.served().<Object>map(served -> served.model().contextLength()).orElse(null);
        return object("type", "model", "id", entry.name(), "display_name", entry.name(),
                "created_at", since.truncatedTo(ChronoUnit.SECONDS).toString(), "max_input_tokens", context,
                "max_tokens", context, "lifecycle", "active");
    }
}
