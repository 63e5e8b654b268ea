package glia.serve.openai;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.serve.chat.StoredResponses;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// `/v1/responses` (https://platform.openai.com/docs/api-reference/responses).
final class Responses {
    private static final int MOST_IN_BACKGROUND = 16;
    private static final int CHECK_MILLIS = 10;
    private static final int USUAL_ITEMS = 20;
    private static final int MOST_ITEMS = 100;

    private final ModelPool models;
    private final StoredResponses stored = new StoredResponses();
    /// Callers of the responses that are generated in the background, by id; an entry is removed to cancel.
    private final Map<String, String> background = new ConcurrentHashMap<>();

    Responses(ModelPool models) {
        this.models = models;
    }

    /// `POST /v1/responses`
    void create(Exchange exchange) {
        Fields body = exchange.body();
        ModelPool.Lease lease = models.lease(body.text("model").orElse(""));
        boolean isKept = false;
        try {
            String digits = exchange.id().substring(exchange.id().indexOf('_') + 1);
            ResponsesRequest request = ResponsesRequest.read(body, digits, exchange, lease.served().model(), stored);
            body.end();
            ResponseRun run = new ResponseRun(digits, lease, request, exchange.caller(), stored);
            if (request.inBackground()) {
                Map<String, Object> begun = begin(exchange, run, lease);
                isKept = true;
                exchange.json(begun);
            } else if (request.streams()) {
                EventStream stream = exchange.stream(EventStream.Form.SSE);
                if (run.stream(stream)) {
                    stream.close();
                }
            } else {
                Map<String, Object> whole = run.whole(exchange::isConnected);
                if (whole != null) {
                    exchange.json(whole);
                }
            }
        } finally {
            if (!isKept) {
                lease.close();
            }
        }
    }

    /// `POST /v1/responses/input_tokens`: counts the tokens of a prompt, which may be longer than the context.
    void countInput(Exchange exchange) {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            ResponsesRequest request = ResponsesRequest.read(body, "", exchange, model, stored);
            body.end();
            Prompt.Conversation conversation = (Prompt.Conversation) request.call().prompt();
            exchange.json(object("object", "response.input_tokens", "input_tokens",
                    RenderedPrompt.count(model, conversation, request.call().options().thinking())));
        }
    }

    /// Begins a response in the background, which returns the lease.
    private Map<String, Object> begin(Exchange exchange, ResponseRun run, ModelPool.Lease lease) {
        String caller = exchange.caller().name();
        background.put(run.id(), caller);
        if (Collections.frequency(background.values(), caller) > MOST_IN_BACKGROUND) {
            background.remove(run.id());
            throw new ServeException(429, "rate_limit_error", "background", "found " + MOST_IN_BACKGROUND
                    + " responses in the background, expected fewer; try again when one has ended");
        }
        Map<String, Object> body = run.begun("queued");
        run.keep(body, List.of());
        Thread.ofVirtual().name("glia-" + run.id()).start(() -> generate(exchange, run, lease));
        return body;
    }

    private void generate(Exchange exchange, ResponseRun run, ModelPool.Lease lease) {
        try (lease) {
            run.keep(run.begun("in_progress"), List.of());
            if (run.whole(() -> background.containsKey(run.id())) == null) {
                run.keepWithout("cancelled", null);
            }
        } catch (RuntimeException | Error e) {
            run.keepWithout("failed", object("code", "server_error", "message", exchange.failure(e).getMessage()));
        } finally {
            background.remove(run.id());
        }
    }

    /// `GET /v1/responses/{id}`, with `stream` as events after `starting_after`: each text is one delta, since pieces
    /// are not kept. A response in the background is awaited.
    void get(Exchange exchange) throws InterruptedException {
        StoredResponses.Stored found = find(exchange);
        if (exchange.query("stream").filter("true"::equals).isEmpty()) {
            exchange.json(found.body());
            return;
        }
        String after = exchange.query("starting_after").orElse("-1");
        if (!after.matches("-?[0-9]{1,9}")) {
            throw Fields.wrong("starting_after", after, "the sequence number of an event");
        }
        while (isRunning(found) && exchange.isConnected()) {
            Thread.sleep(CHECK_MILLIS);
            found = find(exchange);
        }
        EventStream stream = exchange.stream(EventStream.Form.SSE);
        List<Map<String, Object>> events = ResponseOutput.events(found.body());
        for (Map<String, Object> event : events) {
            // The end is always sent: the numbers of a stream with pieces are larger.
            if ((int) event.get("sequence_number") > Integer.parseInt(after) || event == events.getLast()) {
                stream.event((String) event.get("type"), event);
            }
        }
        stream.close();
    }

    private StoredResponses.Stored find(Exchange exchange) {
        return stored.get(exchange.pathPart("id"), exchange.caller().name());
    }

    /// `DELETE /v1/responses/{id}`
    void delete(Exchange exchange) {
        String id = exchange.pathPart("id");
        stored.delete(id, exchange.caller().name());
        background.remove(id);
        exchange.json(object("id", id, "object", "response.deleted", "deleted", true));
    }

    /// `POST /v1/responses/{id}/cancel`
    void cancel(Exchange exchange) throws InterruptedException {
        StoredResponses.Stored found = find(exchange);
        if (found.body().get("background").equals(false)) {
            throw ServeException.badRequest("a response that was not made in the background cannot be cancelled; "
                    + "close its connection");
        }
        background.remove(found.id());
        // The run sees it within its next check.
        for (int i = 0; i < 100 && isRunning(found); i++) {
            Thread.sleep(10);
            found = find(exchange);
        }
        exchange.json(found.body());
    }

    private static boolean isRunning(StoredResponses.Stored response) {
        return List.of("queued", "in_progress").contains(response.body().get("status"));
    }

    /// `GET /v1/responses/{id}/input_items`
    void inputItems(Exchange exchange) {
        List<Map<String, Object>> items = new ArrayList<>(find(exchange).input());
        if (exchange.query("order").filter("asc"::equals).isEmpty()) {
            Collections.reverse(items);
        }
        Optional<String> after = exchange.query("after");
        int from = 0;
        while (after.isPresent() && from < items.size()
                && !after.get().equals(items.get(from).get("id"))) {
            from++;
        }
        from = after.isPresent() ? Math.min(items.size(), from + 1) : 0;
        int to = Math.min(items.size(), from + limit(exchange));
        List<Map<String, Object>> page = items.subList(from, to);
        exchange.json(object("object", "list", "data", page,
                "first_id", page.isEmpty() ? null : page.getFirst().get("id"),
                "last_id", page.isEmpty() ? null : page.getLast().get("id"), "has_more", to < items.size()));
    }

    private static int limit(Exchange exchange) {
        String given = exchange.query("limit").orElse(Integer.toString(USUAL_ITEMS));
        if (!given.matches("[0-9]{1,3}") || Integer.parseInt(given) < 1 || Integer.parseInt(given) > MOST_ITEMS) {
            throw Fields.wrong("limit", given, "a number from 1 to " + MOST_ITEMS);
        }
        return Integer.parseInt(given);
    }
}
