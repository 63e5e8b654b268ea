package glia.serve.openai;

import glia.engine.LanguageModel;
import glia.engine.call.GenerationRun;
import glia.engine.call.GenerationRuns;
import glia.engine.score.PromptScorer;
import glia.serve.http.Endpoint;
import glia.serve.http.EventStream;
import glia.serve.http.Exchange;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import java.util.List;
import java.util.function.BooleanSupplier;

/// `POST /v1/completions` (https://platform.openai.com/docs/api-reference/completions). With `echo` and `logprobs` the
/// prompt has log-probabilities, too, as lm-evaluation-harness reads them.
public final class Completions implements Endpoint {
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
            List<GenerationRun> runs = request.calls().stream().map(call -> new GenerationRun(model, call)).toList();
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
