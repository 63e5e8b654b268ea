package glia.serve.page;

import static glia.serve.http.Json.object;

import glia.engine.LanguageModel;
import glia.engine.schedule.Scheduler;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.pool.ModelCatalogue.ServedModel;
import glia.serve.pool.ModelPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `GET /glia/status`: what the loaded models can do and how busy they are, for the web page.
final class ServerStatus implements Endpoint {
    private final ModelPool models;

    ServerStatus(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) {
        List<Object> list = new ArrayList<>();
        for (ServedModel served : models.all()) {
            list.add(entry(served));
        }
        exchange.json(object("models", list));
    }

    private static Map<String, Object> entry(ServedModel served) {
        LanguageModel model = served.model();
        Scheduler.Load load = model.scheduler().load();
        boolean thinks = model.thinking().format().isPresent();
        return object("id", served.name(), "context", model.contextLength(), "chats", model.template().isPresent(),
                "embeds",
                model.model().spec().looksAhead() && model.diffusion().isEmpty(), "thinks", thinks,
                "input_modalities", model.pictures().modalities(),
                "running", load.numRunning(), "waiting", load.numWaiting(), "preemptions", load.numPreemptions(),
                "cache_bytes", load.usedBytes());
    }
}
